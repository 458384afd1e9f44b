namespace Relay.Spool;

/// <summary>
/// Sets aside what cannot be read: the recipient becomes quarantined, with an event and a log line, and with the message's last recipient its content goes to
/// the quarantine folder, and not away.
/// </summary>
internal static class Quarantine
{
    /// <summary>A recipient of this message was quarantined: its content is to be kept at the end.</summary>
    internal static void Keep(SpoolWriter writer, MessageId id, string reason)
    {
        writer.Connection["UPDATE messages SET flags = flags | ?1 WHERE key = ?2"].Bind(1, MessageRow.KeepsContent).Bind(2, id.Key).Execute();
        SpoolLog.Quarantined(writer.Options.Logger, id, reason);
    }

    /// <summary>Sets a recipient aside whose message's row is missing, so that nobody can be told; with the last one the content too.</summary>
    internal static void SetAside(SpoolWriter writer, BodyFiles files, long key, int index, string reason, long now)
    {
        SetRecipientAside(writer, key, index, reason, now);
        if (writer.Connection["SELECT 1 FROM recipients WHERE message = ?1 AND state < 4"].Bind(1, key).Scalar() is null)
        {
            _ = TryMoveContent(writer, files, MessageId.Create(key, 0), MessageRow.InDatabase);
        }
    }

    /// <summary>Sets a recipient aside, and looks at nothing else: where the message's row is missing or on a broken page.</summary>
    internal static void SetRecipientAside(SpoolWriter writer, long key, int index, string reason, long now)
    {
        writer.Connection["UPDATE recipients SET state = 9, lease = 0, lease_until = 0, done_at = ?1, code = 0, reply = ?2 WHERE message = ?3 AND idx = ?4"]
            .Bind(1, now).Bind(2, reason).Bind(3, key).Bind(4, index).Execute();
        EventRow.Append(writer, now, key, index, SpoolEventType.Quarantined, new RecipientReply(0, string.Empty, reason, string.Empty), reason: "unreadable");
        SpoolLog.Quarantined(writer.Options.Logger, MessageId.Create(key, 0), reason);
    }

    /// <summary>Moves a content to the quarantine folder. Runs before the commit: a crash between leaves a copy too many, and not one too few.</summary>
    /// <returns>False if it had to stay where it is.</returns>
    internal static bool TryMoveContent(SpoolWriter writer, BodyFiles files, MessageId id, int place)
    {
        try
        {
            byte[] octets = place == MessageRow.InDatabase ? ReadOctets(writer, id.Key) : [];
            files.MoveAside(id, octets);
        }
        catch (SpoolException error)
        {
            // A broken page, which cannot be removed either.
            SpoolLog.NotMoved(writer.Options.Logger, id, error);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            SpoolLog.NotMoved(writer.Options.Logger, id, error);
            return false;
        }

        if (place == MessageRow.InDatabase)
        {
            writer.Connection["DELETE FROM content WHERE message = ?1"].Bind(1, id.Key).Execute();
        }

        return true;
    }

    private static byte[] ReadOctets(SpoolWriter writer, long key) => writer.Readers.Read(connection =>
    {
        Statement row = connection["SELECT octets FROM content WHERE message = ?1"].Bind(1, key);
        byte[] found = row.Step() ? row.GetBlob(0) : [];
        row.Reset();
        return found;
    });
}
