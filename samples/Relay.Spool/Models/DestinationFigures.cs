namespace Relay.Spool;

/// <summary>How one destination's queue stands.</summary>
/// <param name="Destination">Its name.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Waiting">Recipients scheduled and queued, those that are being delivered not counted.</param>
/// <param name="NextAttemptAt">When the first of them is due.</param>
/// <param name="IsSuspended">Whether an operator suspended it.</param>
public sealed record DestinationFigures(string Destination, string Stream, long Waiting, DateTimeOffset? NextAttemptAt, bool IsSuspended);
