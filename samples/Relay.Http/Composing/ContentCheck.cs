using System.Text;

namespace Relay.Http;

/// <summary>What of content SMTP has to refuse.</summary>
internal static class ContentCheck
{
    /// <summary>The longest line without its CRLF (RFC 5321 §4.5.3.1.6).</summary>
    internal const int LongestLine = 998;

    /// <summary>Says what is wrong with content: bare CR or LF, NUL, a line of more than 998 octets.</summary>
    /// <param name="content">The content; its last line ends with CRLF.</param>
    /// <returns>A sentence; null if nothing is.</returns>
    internal static string? Check(ReadOnlySpan<byte> content)
    {
        if (content.Contains((byte)0))
        {
            return "The content must not hold NUL characters.";
        }

        for (int line = 1; !content.IsEmpty; line++)
        {
            int end = content.IndexOfAny((byte)'\r', (byte)'\n');
            if (end < 0)
            {
                return "The last line must end with CRLF.";
            }

            if (content[end] != '\r' || end + 1 == content.Length || content[end + 1] != '\n')
            {
                return $"Line {line} ends with a bare CR or LF; lines end with CRLF.";
            }

            if (end > LongestLine)
            {
                return $"Line {line} has {end} octets; SMTP allows {LongestLine} (RFC 5321 section 4.5.3.1.6).";
            }

            content = content[(end + 2)..];
        }

        return null;
    }

    /// <summary>Makes every line ending CRLF.</summary>
    internal static string WithCrLf(string text)
    {
        if (text.AsSpan().IndexOfAny('\r', '\n') < 0)
        {
            return text;
        }

        var normal = new StringBuilder(text.Length + 64);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is '\r' or '\n')
            {
                normal.Append("\r\n");
                i += c == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
            }
            else
            {
                normal.Append(c);
            }
        }

        return normal.ToString();
    }
}
