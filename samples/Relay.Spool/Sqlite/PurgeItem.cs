using System.Text.Json;

namespace Relay.Spool;

/// <summary>Removes messages with all that is known of them, but those that are being delivered.</summary>
internal sealed class PurgeItem(IReadOnlyList<long> messages, BodyFiles files) : WriteItem<long>
{
    internal override void Run(SpoolWriter writer)
    {
        SpoolConnection connection = writer.Connection;
        Result = 0;
        foreach (long key in messages)
        {
            if (connection["SELECT 1 FROM recipients WHERE message = ?1 AND state = 2"].Bind(1, key).Scalar() is not null)
            {
                continue;
            }

            Statement read = connection["SELECT tail, place, labels, flags FROM messages WHERE key = ?1"].Bind(1, key);
            bool isThere = read.Step();
            MessageId id = MessageId.Create(key, isThere ? read.GetInt64(0) : 0);
            int place = isThere ? read.GetInt32(1) : MessageRow.InDatabase;
            string? labels = isThere ? read.GetTextOrNull(2) : null;
            bool isAside = !isThere || (read.GetInt32(3) & MessageRow.KeepsContent) != 0;
            read.Reset();
            MessageEnd.RemoveContent(writer, files, id, place);
            if (isAside)
            {
                writer.AfterCommit(() => files.RemoveAside(id));
            }

            Result += connection["DELETE FROM recipients WHERE message = ?1"].Bind(1, key).Execute();
            connection["DELETE FROM messages WHERE key = ?1"].Bind(1, key).Execute();
            RemoveLabels(connection, key, labels);

            // The last event stays, so that no id is given twice.
            connection["DELETE FROM events WHERE message = ?1 AND id < (SELECT max(id) FROM events)"].Bind(1, key).Execute();
        }
    }

    /// <summary>By name and value, as the labels are sorted by them.</summary>
    private static void RemoveLabels(SpoolConnection connection, long key, string? json)
    {
        if (json is null)
        {
            return;
        }

        LabelsJson? labels;
        try
        {
            labels = JsonSerializer.Deserialize(json, LabelsJsonContext.Default.LabelsJson);
        }
        catch (JsonException)
        {
            // A broken row goes too: by reading all labels, which is rare enough.
            connection["DELETE FROM labels WHERE message = ?1"].Bind(1, key).Execute();
            return;
        }

        if (labels is null)
        {
            return;
        }

        Statement remove = connection["DELETE FROM labels WHERE name = ?1 AND value = ?2 AND message = ?3"];
        foreach (string tag in labels.Tags)
        {
            remove.Bind(1, MessageRow.TagName).Bind(2, tag).Bind(3, key).Execute();
        }

        foreach ((string name, string value) in labels.Metadata)
        {
            remove.Bind(1, MessageRow.MetadataPrefix + name).Bind(2, value).Bind(3, key).Execute();
        }
    }
}
