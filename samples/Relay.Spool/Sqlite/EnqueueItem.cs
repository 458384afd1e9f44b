using System.Text.Json;

namespace Relay.Spool;

/// <summary>Stores a new message.</summary>
internal sealed class EnqueueItem(NewMessage message) : WriteItem<bool>
{
    internal override long Weight => 512 + message.Content.Memory.Length;

    internal override void Run(SpoolWriter writer)
    {
        Store(writer, message);
        Result = true;
    }

    /// <summary>Message, content, recipients and events.</summary>
    internal static void Store(SpoolWriter writer, NewMessage message)
    {
        SpoolConnection connection = writer.Connection;
        MessageFacts facts = message.Facts;
        long key = message.Id.Key;
        int place = message.Content.IsFile ? MessageRow.InFile : MessageRow.InDatabase;
        connection[
            """
            INSERT INTO messages(key, tail, size, place, open, flags, reverse_path, envelope_id, stream, priority, labels, custom_id, credential,
                sender_domain, header_from, subject, source, scheduled_at, trace)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
            """]
            .Bind(1, key).Bind(2, message.Id.Tail).Bind(3, message.Content.Length).Bind(4, place).Bind(5, message.Recipients.Count)
            .Bind(6, MessageRow.FlagsOf(facts)).Bind(7, facts.ReversePath).Bind(8, facts.EnvelopeId.Length == 0 ? null : facts.EnvelopeId).Bind(9, facts.Stream)
            .Bind(10, (long)facts.Priority).Bind(11, Labels(facts)).Bind(12, facts.CustomId).Bind(13, facts.Credential).Bind(14, facts.SenderDomain)
            .Bind(15, facts.From).Bind(16, facts.Subject).Bind(17, (long)facts.Source).Bind(18, facts.ScheduledAt?.ToUnixTimeMilliseconds())
            .Bind(19, facts.TraceParent).Execute();
        if (place == MessageRow.InDatabase)
        {
            connection["INSERT INTO content(message, octets) VALUES(?1, ?2)"].Bind(1, key).Bind(2, message.Content.Memory.Span).Execute();
        }

        StoreLabels(connection, key, facts);
        StoreRecipients(writer, message, key);
    }

    private static void StoreRecipients(SpoolWriter writer, NewMessage message, long key)
    {
        MessageFacts facts = message.Facts;
        long now = writer.NowMilliseconds;
        long? later = facts.ScheduledAt?.ToUnixTimeMilliseconds() is { } at && at > now ? at : null;
        int @class = Lane.ClassOf(facts.Priority, isRetry: false);
        Statement insert = writer.Connection[
            """
            INSERT INTO recipients(message, idx, path, lane, notify, orcpt, state, attempts, lost, next_at, lease, lease_until, wish)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, 0, 0, 0)
            """];
        for (int i = 0; i < message.Recipients.Count; i++)
        {
            NewRecipient recipient = message.Recipients[i];
            Lane lane = writer.Agenda.Find(writer.Connection, recipient.Destination, facts.Stream, @class);
            insert.Bind(1, key).Bind(2, i).Bind(3, recipient.ForwardPath).Bind(4, lane.Id).Bind(5, (long)recipient.Notify)
                .Bind(6, recipient.OriginalRecipient.Length == 0 ? null : recipient.OriginalRecipient)
                .Bind(7, (long)(later is null ? RecipientState.Queued : RecipientState.Scheduled)).Bind(8, later ?? now)
                .Execute();
            writer.Agenda.Enter(lane, later ?? now);
            EventRow.Append(writer, now, key, i, SpoolEventType.Accepted);
            if (later is not null)
            {
                EventRow.Append(writer, now, key, i, SpoolEventType.Scheduled);
            }
        }

        writer.HasNewWork = true;
    }

    private static string? Labels(MessageFacts facts) => facts.Tags.Count + facts.Metadata.Count == 0
        ? null
        : JsonSerializer.Serialize(new LabelsJson(facts.Tags, facts.Metadata), LabelsJsonContext.Default.LabelsJson);

    private static void StoreLabels(SpoolConnection connection, long key, MessageFacts facts)
    {
        if (facts.Tags.Count + facts.Metadata.Count == 0)
        {
            return;
        }

        Statement insert = connection["INSERT OR IGNORE INTO labels(name, value, message) VALUES(?1, ?2, ?3)"];
        foreach (string tag in facts.Tags)
        {
            insert.Bind(1, MessageRow.TagName).Bind(2, tag).Bind(3, key).Execute();
        }

        foreach ((string name, string value) in facts.Metadata)
        {
            insert.Bind(1, MessageRow.MetadataPrefix + name).Bind(2, value).Bind(3, key).Execute();
        }
    }
}
