using System.Text;

namespace Relay.Spool;

/// <summary>The little that the queue itself wants to know of a header (RFC 5322 §2.2): for lists, and against loops.</summary>
/// <param name="ReceivedFields">How many <c>Received:</c> fields there are (RFC 5321 §6.3).</param>
/// <param name="From">The first From field's text, unfolded and short.</param>
/// <param name="Subject">The first Subject field's text, unfolded and short; not decoded.</param>
public readonly record struct HeaderFacts(int ReceivedFields, string From, string Subject)
{
    private const int MaximumText = 200;

    /// <summary>Reads them. Lines that are no fields are passed over.</summary>
    /// <param name="header">All fields, each with its CRLF.</param>
    public static HeaderFacts Read(ReadOnlySpan<byte> header)
    {
        int received = 0;
        string? from = null;
        string? subject = null;
        while (!header.IsEmpty)
        {
            int length = FieldLength(header);
            ReadOnlySpan<byte> field = header[..length];
            header = header[length..];
            switch (field[0] | 0x20)
            {
                case 'r' when IsNamed(field, "received"u8):
                    received++;
                    break;
                case 'f' when from is null && IsNamed(field, "from"u8):
                    from = Text(field[5..]);
                    break;
                case 's' when subject is null && IsNamed(field, "subject"u8):
                    subject = Text(field[8..]);
                    break;
            }
        }

        return new HeaderFacts(received, from ?? string.Empty, subject ?? string.Empty);
    }

    /// <summary>Where the header ends: behind the CRLF of its last field. -1 if the empty line is not there yet.</summary>
    /// <param name="content">A message from its start.</param>
    public static int FindEnd(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("\r\n"u8))
        {
            return 0;
        }

        int end = content.IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 2;
    }

    /// <summary>The domain of the first mailbox in a From field; empty if there is none to be seen.</summary>
    public static string DomainOf(string from)
    {
        ArgumentNullException.ThrowIfNull(from);
        int open = from.LastIndexOf('<');
        int at = from.IndexOf('@', open < 0 ? 0 : open);
        if (at < 0)
        {
            return string.Empty;
        }

        int end = at + 1;
        while (end < from.Length && (char.IsLetterOrDigit(from[end]) || from[end] is '-' or '.' or '_'))
        {
            end++;
        }

        return end == at + 1 ? string.Empty : DestinationName.OfDomain(from[(at + 1)..end]);
    }

    /// <summary>A field with its continuation lines.</summary>
    private static int FieldLength(ReadOnlySpan<byte> header)
    {
        int from = 0;
        while (true)
        {
            int end = header[from..].IndexOf((byte)'\n');
            if (end < 0)
            {
                return header.Length;
            }

            from += end + 1;
            if (from == header.Length || header[from] is not ((byte)' ' or (byte)'\t'))
            {
                return from;
            }
        }
    }

    /// <summary>Whether a field has a name, given in lower case.</summary>
    private static bool IsNamed(ReadOnlySpan<byte> field, ReadOnlySpan<byte> name) =>
        field.Length > name.Length && field[name.Length] == (byte)':' && Ascii.EqualsIgnoreCase(field[..name.Length], name);

    private static string Text(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n"u8);
        if (value.Length > MaximumText * 2)
        {
            value = value[..(MaximumText * 2)];
        }

        string text = Encoding.UTF8.GetString(value);
        if (text.AsSpan().IndexOfAnyInRange('\0', '\u001f') >= 0)
        {
            text = text.ReplaceLineEndings(string.Empty);
            text = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        }

        return text.Length > MaximumText ? text[..MaximumText] : text;
    }
}
