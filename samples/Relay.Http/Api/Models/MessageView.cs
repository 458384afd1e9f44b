namespace Relay.Http;

/// <summary>A message.</summary>
/// <param name="Id">Its id, which is the queue id of logs, replies and trace fields too.</param>
/// <param name="State">The state of its recipients if they are all in one; else <c>partial</c>.</param>
/// <param name="AcceptedAt">When it was taken.</param>
/// <param name="From">The From field.</param>
/// <param name="ReversePath">The reverse-path; empty for the null path.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Size">Octets.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="Metadata">Its metadata.</param>
/// <param name="CustomId">Its sender's name for it; null if there is none.</param>
/// <param name="Source"><c>api</c>, <c>smtp</c>, or <c>relay</c> for notifications.</param>
/// <param name="Credential">The id of the key or the user that submitted it; null if nobody proved who they are.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Priority">high, normal or low.</param>
/// <param name="Test">Whether it never leaves the host.</param>
/// <param name="ScheduledAt">When it is to be sent; null for at once.</param>
/// <param name="Recipients">Its recipients, in the order of the envelope.</param>
/// <param name="Events">What happened, oldest first; null in lists.</param>
public sealed record MessageView(
    string Id,
    string State,
    DateTimeOffset AcceptedAt,
    string From,
    string ReversePath,
    string Subject,
    long Size,
    IReadOnlyList<string> Tags,
    IReadOnlyDictionary<string, string> Metadata,
    string? CustomId,
    string Source,
    string? Credential,
    string Stream,
    string Priority,
    bool Test,
    DateTimeOffset? ScheduledAt,
    IReadOnlyList<RecipientView> Recipients,
    IReadOnlyList<EventView>? Events);
