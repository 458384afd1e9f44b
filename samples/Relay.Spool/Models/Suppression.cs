namespace Relay.Spool;

/// <summary>An address that gets no more mail.</summary>
/// <param name="Address">The mailbox; compared without regard to case.</param>
/// <param name="Reason">Why as one word: <c>bounce</c>, <c>complaint</c>, <c>unsubscribe</c> or <c>manual</c>.</param>
/// <param name="Detail">What was said, one line.</param>
/// <param name="At">Since when.</param>
/// <param name="MessageId">The message that led to it; null by hand.</param>
public sealed record Suppression(string Address, string Reason, string Detail, DateTimeOffset At, MessageId? MessageId = null);
