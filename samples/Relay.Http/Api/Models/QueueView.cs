namespace Relay.Http;

/// <summary>How the queue stands, by recipients.</summary>
/// <param name="Waiting">Scheduled and queued.</param>
/// <param name="Sending">Being delivered.</param>
/// <param name="Held">Held.</param>
/// <param name="OldestAcceptedAt">When the oldest message was taken that still waits; null if there is none.</param>
/// <param name="Failure">What is wrong with the store; null if it works.</param>
public sealed record QueueView(long Waiting, long Sending, long Held, DateTimeOffset? OldestAcceptedAt, string? Failure);
