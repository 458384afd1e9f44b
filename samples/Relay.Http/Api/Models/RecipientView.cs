namespace Relay.Http;

/// <summary>Where one recipient of a message stands.</summary>
/// <param name="Index">Its place in the envelope.</param>
/// <param name="Address">The mailbox.</param>
/// <param name="Destination">Its domain.</param>
/// <param name="State">scheduled, queued, deferred, held, delivered, bounced, expired, canceled, suppressed or quarantined.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAttemptAt">When it is due; null if it is done.</param>
/// <param name="CompletedAt">When its fate was known; null before.</param>
/// <param name="LastReply">What was last said of it; null before.</param>
public sealed record RecipientView(
    int Index,
    string Address,
    string Destination,
    string State,
    int Attempts,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? CompletedAt,
    ReplyView? LastReply);
