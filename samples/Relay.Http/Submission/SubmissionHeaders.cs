using System.Text;
using System.Text.Json;
using MimeKit.Utils;

namespace Relay.Http;

/// <summary>
/// Reads the header fields by which an SMTP submission gives tags, metadata, a custom id, its priority and its stream, and takes them off: they are for this relay, and often
/// name what no recipient is to see.
/// </summary>
/// <remarks>
/// <para>
/// <c>X-Tag</c> (several separated by commas), <c>X-Metadata-KEY</c>, <c>X-Custom-Id</c>, <c>X-Relay-Priority</c> (<c>high</c>, <c>normal</c> or <c>low</c>),
/// <c>X-Relay-Stream</c>; and those that programs send which were written for other services:
/// <c>X-PM-Tag</c>, <c>X-PM-Metadata-KEY</c>, <c>X-Mailgun-Tag</c>, <c>X-Mailgun-Variables</c> (a JSON object), <c>X-SES-MESSAGE-TAGS</c>
/// (<c>name=value, ...</c>; a tag <c>name:value</c> and metadata), <c>X-SMTPAPI</c> (JSON: <c>category</c>, <c>unique_args</c>).
/// </para>
/// <para>Values that are too long or no JSON are passed over, not refused: mail is worth more than its figures.</para>
/// </remarks>
public static class SubmissionHeaders
{
    /// <summary>Reads a header.</summary>
    /// <param name="header">All fields with their line endings; what follows the first empty line is kept as it is.</param>
    public static SubmissionLabels Read(ReadOnlyMemory<byte> header)
    {
        var labels = new LabelCollector();
        ReadOnlySpan<byte> octets = header.Span;
        MemoryStream? kept = null;
        int copied = 0;
        int start = 0;
        while (start < octets.Length)
        {
            int end = EndOfField(octets, start);
            ReadOnlySpan<byte> field = octets[start..end];
            if (field is [(byte)'\r', (byte)'\n', ..] or [(byte)'\n', ..])
            {
                break;
            }

            // Every one of them starts with X-; all other fields cost this comparison only.
            if (field.Length > 2 && (field[0] | 0x20) == 'x' && field[1] == '-' && TryTake(field, labels))
            {
                kept ??= new MemoryStream(octets.Length);
                kept.Write(octets[copied..start]);
                copied = end;
            }

            start = end;
        }

        if (kept is null)
        {
            return labels.ToLabels(header);
        }

        kept.Write(octets[copied..]);
        return labels.ToLabels(kept.ToArray());
    }

    /// <summary>A header without its Bcc fields, which name those whom no recipient is to see (RFC 5322 §3.6.3).</summary>
    internal static byte[] WithoutBcc(ReadOnlySpan<byte> header)
    {
        using var kept = new MemoryStream(header.Length);
        int start = 0;
        while (start < header.Length)
        {
            int end = EndOfField(header, start);
            ReadOnlySpan<byte> field = header[start..end];
            int colon = field.IndexOf((byte)':');
            if (colon < 0 || !Ascii.EqualsIgnoreCase(field[..colon].TrimEnd(" \t"u8), "Bcc"u8))
            {
                kept.Write(field);
            }

            start = end;
        }

        return kept.ToArray();
    }

    /// <summary>Where the field ends that starts at <paramref name="start"/>: behind the first line ending that no space or tab follows (RFC 5322 §2.2.3).</summary>
    private static int EndOfField(ReadOnlySpan<byte> octets, int start)
    {
        int end = start;
        while (true)
        {
            int feed = octets[end..].IndexOf((byte)'\n');
            if (feed < 0)
            {
                return octets.Length;
            }

            bool isEmpty = end == start && (feed == 0 || (feed == 1 && octets[end] == '\r'));
            end += feed + 1;
            if (isEmpty || end >= octets.Length || octets[end] is not ((byte)' ' or (byte)'\t'))
            {
                return end;
            }
        }
    }

    private static bool TryTake(ReadOnlySpan<byte> field, LabelCollector labels)
    {
        int colon = field.IndexOf((byte)':');
        if (colon < 0)
        {
            return false;
        }

        string name = Encoding.ASCII.GetString(field[..colon].TrimEnd(" \t"u8));
        if (Suffix(name, "X-Metadata-") is { } key || (key = Suffix(name, "X-PM-Metadata-")) is not null)
        {
            labels.AddMetadata(name, key, Text(field[(colon + 1)..]));
            return true;
        }

        switch (name.ToUpperInvariant())
        {
            case "X-TAG":
                foreach (string tag in Text(field[(colon + 1)..]).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                {
                    labels.AddTag(name, tag);
                }

                return true;
            case "X-PM-TAG" or "X-MAILGUN-TAG":
                labels.AddTag(name, Text(field[(colon + 1)..]));
                return true;
            case "X-CUSTOM-ID":
                labels.SetCustomId(name, Text(field[(colon + 1)..]));
                return true;
            case "X-RELAY-PRIORITY":
                labels.SetPriority(name, Text(field[(colon + 1)..]).ToLowerInvariant());
                return true;
            case "X-RELAY-STREAM":
                labels.SetStream(name, Text(field[(colon + 1)..]));
                return true;
            case "X-MAILGUN-VARIABLES":
                TakeJson(name, field[(colon + 1)..], labels, static (json, name, labels) => TakeObject(json, name, labels));
                return true;
            case "X-SES-MESSAGE-TAGS":
                TakePairs(name, Text(field[(colon + 1)..]), labels);
                return true;
            case "X-SMTPAPI":
                TakeJson(name, field[(colon + 1)..], labels, TakeSmtpApi);
                return true;
            default:
                return false;
        }
    }

    private static string? Suffix(string name, string prefix) =>
        name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? name[prefix.Length..] : null;

    /// <summary><c>name=value *( "," name=value )</c></summary>
    private static void TakePairs(string name, string text, LabelCollector labels)
    {
        foreach (string pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                labels.PassOver(name, "is not name=value");
                continue;
            }

            string key = pair[..equals].Trim();
            string value = pair[(equals + 1)..].Trim();
            labels.AddTag(name, $"{key}:{value}");
            labels.AddMetadata(name, key, value);
        }
    }

    private static void TakeSmtpApi(JsonElement json, string name, LabelCollector labels)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            labels.PassOver(name, "is no JSON object");
            return;
        }

        foreach (JsonProperty property in json.EnumerateObject())
        {
            switch (property.Name)
            {
                case "category" when property.Value.ValueKind == JsonValueKind.Array:
                    foreach (JsonElement category in property.Value.EnumerateArray())
                    {
                        labels.AddTag(name, Text(category));
                    }

                    break;
                case "category":
                    labels.AddTag(name, Text(property.Value));
                    break;
                case "unique_args":
                    TakeObject(property.Value, name, labels);
                    break;
                default:
                    labels.PassOver(name, $"has \"{MessageLabels.Printable(property.Name)}\", which this relay does not know");
                    break;
            }
        }
    }

    private static void TakeObject(JsonElement json, string name, LabelCollector labels)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            labels.PassOver(name, "is no JSON object");
            return;
        }

        foreach (JsonProperty property in json.EnumerateObject())
        {
            labels.AddMetadata(name, property.Name, Text(property.Value));
        }
    }

    private static void TakeJson(string name, ReadOnlySpan<byte> value, LabelCollector labels, Action<JsonElement, string, LabelCollector> take)
    {
        try
        {
            using var document = JsonDocument.Parse(Text(value), new JsonDocumentOptions { MaxDepth = 16 });
            take(document.RootElement, name, labels);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is a text with half of a surrogate pair, which is found when it is read.
            labels.PassOver(name, "is no JSON");
        }
    }

    private static string Text(JsonElement json) => json.ValueKind == JsonValueKind.String ? json.GetString()! : json.GetRawText();

    /// <summary>The value unfolded, with encoded words (RFC 2047) decoded.</summary>
    private static string Text(ReadOnlySpan<byte> value)
    {
        // RFC 5322 §2.2.3: unfolding takes the line ending and leaves the space behind it.
        byte[] unfolded = new byte[value.Length];
        int length = 0;
        foreach (byte octet in value)
        {
            if (octet is not ((byte)'\r' or (byte)'\n'))
            {
                unfolded[length++] = octet;
            }
        }

        return Rfc2047.DecodeText(unfolded, 0, length).Trim();
    }
}
