using System.Collections.Frozen;
using System.Text.Json;
using Smtp.Core;

namespace Relay.Spool;

/// <summary>Reads rows of messages, and of recipients with their lanes.</summary>
internal static class MessageRow
{
    /// <summary>Where a content is: nowhere, as the message is done.</summary>
    internal const int Gone = 0;

    /// <summary>In the table <c>content</c>.</summary>
    internal const int InDatabase = 1;

    /// <summary>In a file; see <see cref="BodyFiles"/>.</summary>
    internal const int InFile = 2;

    /// <summary>The name of tags among the labels.</summary>
    internal const string TagName = "";

    /// <summary>What stands before the name of a metadata field among the labels.</summary>
    internal const string MetadataPrefix = ":";

    /// <summary>The columns that <see cref="Read"/> reads.</summary>
    internal const string Columns =
        "m.key, m.tail, m.size, m.place, m.flags, m.reverse_path, m.envelope_id, m.stream, m.priority, m.labels, m.custom_id, m.credential, "
        + "m.sender_domain, m.header_from, m.subject, m.source, m.scheduled_at, m.trace";

    /// <summary>How many they are.</summary>
    internal const int ColumnCount = 18;

    /// <summary>Among the flags: a recipient is quarantined, so that the content is moved aside at the end and not removed.</summary>
    internal const int KeepsContent = 512;

    private const int Utf8 = 4, Tls = 8, Test = 64, Opens = 128, Clicks = 256, ReturnShift = 4;

    /// <summary>What can be said of a message whose row is gone.</summary>
    internal static StoredMessage Missing(long key)
    {
        MessageId id = MessageId.Create(key, 0);
        return new StoredMessage { Id = id, AcceptedAt = RowTime.Read(key >> 12), Size = 0, HasContent = false, Facts = new MessageFacts { ReversePath = string.Empty } };
    }

    internal static long FlagsOf(MessageFacts facts) =>
        (int)facts.Body | ((int)facts.Return << ReturnShift) | (facts.SmtpUtf8 ? Utf8 : 0) | (facts.RequireTls ? Tls : 0)
        | (facts.IsTest ? Test : 0) | (facts.TrackOpens ? Opens : 0) | (facts.TrackClicks ? Clicks : 0);

    internal static MessageId ReadId(Statement row, int first = 0) => MessageId.Create(row.GetInt64(first), row.GetInt64(first + 1));

    /// <summary>The whole id of a key; with a tail of 0 if the message's row is gone.</summary>
    internal static MessageId IdOf(SpoolConnection connection, long key) =>
        MessageId.Create(key, connection["SELECT tail FROM messages WHERE key = ?1"].Bind(1, key).Scalar() ?? 0);

    /// <summary>Reads a message. What of it makes no sense is left out: a list must show the message whose row is broken.</summary>
    internal static StoredMessage Read(Statement row, int first = 0)
    {
        MessageId id = ReadId(row, first);
        int place = row.GetInt32(first + 3);
        return new StoredMessage
        {
            Id = id,
            AcceptedAt = RowTime.Read(id.Key >> 12),
            Size = row.GetInt64(first + 2),
            HasContent = place != Gone,
            IsContentInFile = place == InFile,
            Facts = ReadFacts(row, first),
        };
    }

    /// <summary>Says why a message's row makes no sense; null if it does.</summary>
    internal static string? WhyUnreadable(Statement row, int first)
    {
        try
        {
            _ = Labels(row, first);
        }
        catch (JsonException error)
        {
            return $"the message's labels are broken: {error.Message}";
        }

        if (!RowTime.IsTime(row.GetInt64(first) >> 12) || (!row.IsNull(first + 16) && !RowTime.IsTime(row.GetInt64(first + 16))))
        {
            return "a time of the message is none";
        }

        string reversePath = row.GetText(first + 5);
        return reversePath.Length > 0 && !SmtpPath.TryParse(reversePath, out _) ? "the message's reverse-path is none" : null;
    }

    internal static MessageFacts ReadFacts(Statement row, int first)
    {
        int flags = row.GetInt32(first + 4);
        LabelsJson? labels = null;
        try
        {
            labels = Labels(row, first);
        }
        catch (JsonException)
        {
            // It is told when the message is set aside.
        }

        return new MessageFacts
        {
            ReversePath = row.GetText(first + 5),
            Body = (BodyType)(flags & 3),
            SmtpUtf8 = (flags & Utf8) != 0,
            RequireTls = (flags & Tls) != 0,
            Return = (DsnReturn)((flags >> ReturnShift) & 3),
            EnvelopeId = row.GetTextOrNull(first + 6) ?? string.Empty,
            Stream = Known(row.GetText(first + 7)),
            Priority = (MessagePriority)row.GetInt32(first + 8),
            Tags = labels?.Tags ?? [],
            Metadata = labels?.Metadata ?? FrozenDictionary<string, string>.Empty,
            CustomId = row.GetTextOrNull(first + 10),
            Credential = row.GetTextOrNull(first + 11),
            SenderDomain = row.GetText(first + 12),
            From = row.GetText(first + 13),
            Subject = row.GetText(first + 14),
            Source = (MessageSource)row.GetInt32(first + 15),
            IsTest = (flags & Test) != 0,
            TrackOpens = (flags & Opens) != 0,
            TrackClicks = (flags & Clicks) != 0,
            TraceParent = row.GetTextOrNull(first + 17),
            ScheduledAt = row.IsNull(first + 16) ? null : RowTime.Read(row.GetInt64(first + 16)),
        };
    }

    private static LabelsJson? Labels(Statement row, int first) =>
        row.GetTextOrNull(first + 9) is { } json ? JsonSerializer.Deserialize(json, LabelsJsonContext.Default.LabelsJson) : null;

    private static string Known(string stream) => stream == MessageFacts.TransactionalStream ? MessageFacts.TransactionalStream
        : stream == MessageFacts.BulkStream ? MessageFacts.BulkStream : stream;
}
