namespace Relay.Http;

/// <summary>An address that gets no mail.</summary>
/// <param name="Address">The mailbox.</param>
/// <param name="Reason">bounce, complaint, unsubscribe or manual.</param>
/// <param name="Detail">What was said; null if nothing was.</param>
/// <param name="At">Since when.</param>
/// <param name="MessageId">The message that led to it; null by hand.</param>
public sealed record SuppressionView(string Address, string Reason, string? Detail, DateTimeOffset At, string? MessageId);
