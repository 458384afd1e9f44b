namespace Relay.Spool;

/// <summary>Sets a message aside that cannot be read: its open recipients become quarantined, with an event, and its content goes to the quarantine folder.</summary>
internal sealed class QuarantineItem(MessageId id, string reason, BodyFiles files) : WriteItem<bool>
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
            SetAside(writer, id.Key, index, reason, now);
        }

        Statement message = writer.Connection["SELECT place FROM messages WHERE key = ?1"].Bind(1, id.Key);
        int place = message.Step() ? message.GetInt32(0) : MessageRow.Gone;
        message.Reset();
        byte[] octets = [];
        if (place == MessageRow.InDatabase)
        {
            Statement content = writer.Connection["SELECT octets FROM content WHERE message = ?1"].Bind(1, id.Key);
            octets = content.Step() ? content.GetBlob(0) : [];
            content.Reset();
        }

        try
        {
            files.MoveAside(id, octets);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            SpoolLog.NotMoved(writer.Options.Logger, id, error);
        }

        writer.Connection["UPDATE messages SET open = 0, place = 0 WHERE key = ?1"].Bind(1, id.Key).Execute();
        writer.Connection["DELETE FROM content WHERE message = ?1"].Bind(1, id.Key).Execute();
        Result = true;
    }

    /// <summary>One recipient.</summary>
    internal static void SetAside(SpoolWriter writer, long key, int index, string reason, long now)
    {
        writer.Connection["UPDATE recipients SET state = 9, lease = 0, lease_until = 0, done_at = ?1, code = 0, reply = ?2 WHERE message = ?3 AND idx = ?4"]
            .Bind(1, now).Bind(2, reason).Bind(3, key).Bind(4, index).Execute();
        EventRow.Append(
            writer, now, key, index, SpoolEventType.Quarantined, new RecipientReply(0, string.Empty, reason, string.Empty), reason: "unreadable");
        SpoolLog.Quarantined(writer.Options.Logger, MessageRow.IdOf(writer.Connection, key), reason);
    }
}
