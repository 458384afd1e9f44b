namespace Relay.Spool;

/// <summary>Finds fields in a message's header without parsing the message.</summary>
public static class HeaderScanner
{
    /// <summary>The length of the header, the empty line behind it not included; all of it where there is no empty line.</summary>
    /// <param name="content">A message from its start.</param>
    public static int HeaderLength(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("\r\n"u8))
        {
            return 0;
        }

        int end = content.IndexOf("\r\n\r\n"u8);
        return end < 0 ? content.Length : end + 2;
    }

    /// <summary>Whether a header has a field.</summary>
    /// <param name="header">The header.</param>
    /// <param name="name">The field's name with its colon, in any case.</param>
    public static bool Has(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name) => Count(header, name, stopAtFirst: true) > 0;

    /// <summary>How often a header has a field.</summary>
    /// <inheritdoc cref="Has"/>
    public static int Count(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name) => Count(header, name, stopAtFirst: false);

    private static int Count(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name, bool stopAtFirst)
    {
        int count = 0;
        while (!header.IsEmpty)
        {
            // RFC 5322 §4.5: spaces before the colon are obsolete, and read.
            if (header.Length >= name.Length
                && System.Text.Ascii.EqualsIgnoreCase(header[..(name.Length - 1)], name[..^1])
                && header[(name.Length - 1)..].TrimStart(" \t"u8).StartsWith(":"u8))
            {
                count++;
                if (stopAtFirst)
                {
                    return count;
                }
            }

            int end = header.IndexOf("\r\n"u8);
            header = end < 0 ? default : header[(end + 2)..];
        }

        return count;
    }
}
