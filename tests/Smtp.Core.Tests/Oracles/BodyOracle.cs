using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

/// <summary>
/// DATA transparency (RFC 5321 §4.5.2) on whole texts with string functions: slow, and as close to the RFC's words as can be.
/// </summary>
internal static partial class BodyOracle
{
    private const string Crlf = "\r\n";
    private const string EndOfData = "\r\n.\r\n";

    /// <summary>"If the first character is a period and there are other characters on the line, the first character is deleted."</summary>
    public static BodyTrace? Decode(string wire)
    {
        // DATA's own CRLF stands in front of the body.
        string text = Crlf + wire;
        int end = text.IndexOf(EndOfData, StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        // The end-of-data's first CRLF is the last line's own.
        string body = text[Crlf.Length..(end + Crlf.Length)];
        IEnumerable<string> lines = body.Split(Crlf).Select(line => line.StartsWith('.') ? line[1..] : line);
        return new BodyTrace(Normalise(string.Join(Crlf, lines)), text[(end + EndOfData.Length)..], Ended: true, HasBareLineEnding(body));
    }

    /// <summary>"If it is a period, one additional period is inserted at the beginning of the line."</summary>
    public static string Encode(string content)
    {
        string text = Normalise(content);
        if (text.Length > 0 && !text.EndsWith(Crlf, StringComparison.Ordinal))
        {
            text += Crlf;
        }

        return string.Join(Crlf, text.Split(Crlf).Select(line => line.StartsWith('.') ? "." + line : line)) + ".\r\n";
    }

    /// <summary>What content is after it went over the wire: CRLF line endings only, and one at the end.</summary>
    public static string AsLines(string content)
    {
        string text = Normalise(content);
        return text.Length == 0 || text.EndsWith(Crlf, StringComparison.Ordinal) ? text : text + Crlf;
    }

    public static bool HasBareLineEnding(string text) => text.Replace(Crlf, "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n');

    public static int IndexOfIrregular(string text)
    {
        for (int i = 1; i < text.Length; i++)
        {
            string pair = text.Substring(i - 1, 2);
            if (pair != Crlf && (pair[0] == '\r' || pair[1] == '\n' || pair == "\n."))
            {
                return i;
            }
        }

        return text.Length;
    }

    private static string Normalise(string text) => LineEnding().Replace(text, Crlf);

    [GeneratedRegex(@"\r\n|\r|\n")]
    private static partial Regex LineEnding();
}
