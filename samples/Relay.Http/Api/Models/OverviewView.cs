namespace Relay.Http;

/// <summary>What the overview's chart shows.</summary>
/// <param name="Start">The start of each step of time, Unix seconds.</param>
/// <param name="Accepted">Accepted in each.</param>
/// <param name="Delivered">Delivered in each.</param>
/// <param name="Deferred">Deferred in each.</param>
/// <param name="Bounced">Bounced in each.</param>
/// <param name="Total">All together.</param>
/// <param name="Queue">How the queue stands.</param>
public sealed record OverviewView(
    IReadOnlyList<long> Start,
    IReadOnlyList<long> Accepted,
    IReadOnlyList<long> Delivered,
    IReadOnlyList<long> Deferred,
    IReadOnlyList<long> Bounced,
    FiguresView Total,
    QueueView Queue);
