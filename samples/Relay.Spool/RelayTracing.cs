using System.Diagnostics;

namespace Relay.Spool;

/// <summary>
/// Traces of a message: one span where it is taken, whose context is stored with it, and one for each attempt below it, whenever and in whatever process that
/// is. Costs nothing while nobody listens.
/// </summary>
public static class RelayTracing
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "Relay";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Taking a message; null if nobody listens.</summary>
    public static Activity? StartAccept(MessageId id, int recipients)
    {
        Activity? activity = Source.StartActivity("accept", ActivityKind.Producer);
        return activity?.SetTag("relay.message.id", id.ToString()).SetTag("relay.recipients", recipients);
    }

    /// <summary>An attempt of a lease, below the span of taking its message; null if nobody listens.</summary>
    public static Activity? StartAttempt(Lease lease, string site)
    {
        ArgumentNullException.ThrowIfNull(lease);
        _ = ActivityContext.TryParse(lease.Message.Facts.TraceParent, null, isRemote: true, out ActivityContext parent);
        Activity? activity = Source.StartActivity("attempt", ActivityKind.Consumer, parent);
        return activity?.SetTag("relay.message.id", lease.Message.Id.ToString()).SetTag("relay.destination", lease.Destination).SetTag("relay.site", site)
            .SetTag("relay.recipients", lease.Recipients.Count).SetTag("relay.attempt", lease.Recipients[0].Attempts + 1);
    }
}
