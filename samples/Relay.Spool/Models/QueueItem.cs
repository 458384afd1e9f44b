namespace Relay.Spool;

/// <summary>A recipient and its message, in a list.</summary>
/// <param name="Message">The message.</param>
/// <param name="Recipient">The recipient.</param>
public sealed record QueueItem(StoredMessage Message, StoredRecipient Recipient)
{
    /// <summary>Where a list goes on behind this one.</summary>
    public QueueCursor Cursor => new(Message.Id, Recipient.Index);
}
