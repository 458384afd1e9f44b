namespace Relay.Spool;

/// <summary>How the queue stands, by recipients.</summary>
/// <param name="Waiting">Scheduled and queued.</param>
/// <param name="Leased">Being delivered.</param>
/// <param name="Held">Held.</param>
/// <param name="OldestAcceptedAt">When the oldest message was taken that still waits or is being delivered; null if there is none.</param>
public sealed record QueueFigures(long Waiting, long Leased, long Held, DateTimeOffset? OldestAcceptedAt);
