namespace Relay.Http;

/// <summary>One thing that happened to one recipient. The same in the API and in webhooks.</summary>
/// <param name="Id">Grows with each event.</param>
/// <param name="Type">accepted, scheduled, deferred, delivered, bounced, complained, suppressed, canceled, expired, opened, clicked, held, released or quarantined.</param>
/// <param name="At">When.</param>
/// <param name="MessageId">The message.</param>
/// <param name="Recipient">The recipient's mailbox.</param>
/// <param name="Bounce"><c>hard</c> or <c>soft</c>, of what was refused; null otherwise.</param>
/// <param name="Reason">The reason in a word; null if there is none.</param>
/// <param name="Reply">What was said; null if nothing was.</param>
/// <param name="Attempt">Which attempt it was, from 1; null if it was none.</param>
/// <param name="LatencyMs">Milliseconds from accepting to this; of the end of an attempt, from the time it was scheduled for, if that is later.</param>
/// <param name="Tags">The message's tags.</param>
/// <param name="Metadata">The message's metadata.</param>
/// <param name="CustomId">The message's custom id.</param>
public sealed record EventView(
    long Id,
    string Type,
    DateTimeOffset At,
    string MessageId,
    string Recipient,
    string? Bounce,
    string? Reason,
    ReplyView? Reply,
    int? Attempt,
    long LatencyMs,
    IReadOnlyList<string> Tags,
    IReadOnlyDictionary<string, string> Metadata,
    string? CustomId);
