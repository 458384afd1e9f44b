namespace Relay.Http;

/// <summary>Figures of a time.</summary>
/// <param name="From">Its start, at a full hour (or minute).</param>
/// <param name="To">Its end.</param>
/// <param name="GroupBy">tag, sender_domain or recipient_domain; null for all together.</param>
/// <param name="Interval">minute, hour or day; null for the whole time.</param>
/// <param name="Total">All together. Not the sum of tags: a message of two tags is in both, and here once.</param>
/// <param name="Groups">How many groups have events; null where nothing is grouped by.</param>
/// <param name="Data">A row for each group of this page and step of time that has events: in the order of time, and the groups with the most accepted first.</param>
/// <param name="NextCursor">The <c>cursor</c> of the groups that follow; null if there are none.</param>
public sealed record StatsView(
    DateTimeOffset From,
    DateTimeOffset To,
    string? GroupBy,
    string? Interval,
    FiguresView Total,
    int? Groups,
    IReadOnlyList<FiguresView> Data,
    string? NextCursor);
