namespace Relay.Http;

/// <summary>How the queue of one destination and stream stands.</summary>
/// <param name="Destination">The domain.</param>
/// <param name="Stream">The stream; null if nothing waits and it is only suspended.</param>
/// <param name="Waiting">Recipients that wait.</param>
/// <param name="NextAttemptAt">When the first of them is due.</param>
/// <param name="Suspended">Whether it is suspended.</param>
/// <param name="Reason">Why it is suspended; null otherwise.</param>
public sealed record DestinationView(string Destination, string? Stream, long Waiting, DateTimeOffset? NextAttemptAt, bool Suspended, string? Reason);
