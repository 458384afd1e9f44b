namespace Relay.Spool;

/// <summary>
/// Sets a message aside that cannot be read: its open recipients become quarantined, with an event, and its content goes to the quarantine folder.
/// </summary>
/// <param name="id">The message.</param>
/// <param name="reason">Why.</param>
/// <param name="files">Contents in files.</param>
/// <param name="content">What the database has of the content; null if it cannot be read, and then it stays where it is.</param>
internal sealed class QuarantineItem(MessageId id, string reason, BodyFiles files, byte[]? content) : WriteItem<bool>
{
    internal override void Run(SpoolWriter writer)
    {
        long now = writer.NowMilliseconds;
        List<int> open = [];
        Statement rows = writer.Connection["SELECT idx FROM recipients WHERE message = ?1 AND state < 4"].Bind(1, id.Key);
        while (rows.Step())
        {
            open.Add(rows.GetInt32(0));
        }

        foreach (int index in open)
        {
            SetAside(writer, id, index, reason, now);
        }

        writer.Connection["UPDATE messages SET open = 0, place = 0 WHERE key = ?1"].Bind(1, id.Key).Execute();
        if (content is not null)
        {
            writer.Connection["DELETE FROM content WHERE message = ?1"].Bind(1, id.Key).Execute();
        }

        try
        {
            files.MoveAside(id, content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            SpoolLog.NotMoved(writer.Options.Logger, id, error);
        }

        Result = true;
    }

    /// <summary>One recipient.</summary>
    internal static void SetAside(SpoolWriter writer, MessageId id, int index, string reason, long now)
    {
        writer.Connection["UPDATE recipients SET state = 9, lease = 0, lease_until = 0, done_at = ?1, code = 0, reply = ?2 WHERE message = ?3 AND idx = ?4"]
            .Bind(1, now).Bind(2, reason).Bind(3, id.Key).Bind(4, index).Execute();
        EventRow.Append(
            writer, now, id.Key, index, SpoolEventType.Quarantined, new RecipientReply(0, string.Empty, reason, string.Empty), reason: "unreadable");
        SpoolLog.Quarantined(writer.Options.Logger, id, reason);
    }
}
