namespace Relay.Spool;

/// <summary>What becomes of a message whose recipients end.</summary>
internal static class MessageEnd
{
    /// <summary>Some recipients have reached a final state. With the last one the content goes.</summary>
    internal static void Close(SpoolWriter writer, BodyFiles files, MessageId id, int recipients)
    {
        if (recipients == 0)
        {
            return;
        }

        Statement update = writer.Connection["UPDATE messages SET open = open - ?1 WHERE key = ?2 RETURNING open, place, flags"].Bind(1, recipients).Bind(2, id.Key);
        bool isDone = update.Step() && update.GetInt64(0) <= 0;
        int place = isDone ? update.GetInt32(1) : MessageRow.Gone;
        bool isKept = isDone && (update.GetInt32(2) & MessageRow.KeepsContent) != 0;
        update.Reset();
        if (!isDone)
        {
            return;
        }

        if (!isKept)
        {
            RemoveContent(writer, files, id, place);
        }
        else if (!Quarantine.TryMoveContent(writer, files, id, place))
        {
            // It stays where it is, to be found, until the message is purged.
            return;
        }

        writer.Connection["UPDATE messages SET place = 0 WHERE key = ?1"].Bind(1, id.Key).Execute();
    }

    internal static void RemoveContent(SpoolWriter writer, BodyFiles files, MessageId id, int place)
    {
        if (place == MessageRow.InDatabase)
        {
            writer.Connection["DELETE FROM content WHERE message = ?1"].Bind(1, id.Key).Execute();
        }
        else if (place == MessageRow.InFile)
        {
            // A file that is gone while its row is back would be a loss; one that is left is removed at the next start.
            writer.AfterCommit(() => BodyFiles.Remove(files.PathOf(id)));
        }
    }
}
