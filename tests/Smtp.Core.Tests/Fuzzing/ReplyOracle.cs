using System.Text.RegularExpressions;

namespace Smtp.Core.Tests.Fuzzing;

/// <summary>A server's replies read from the whole text at once, from the words of RFC 5321 §4.2. Slow and plain; shares no code with the engine.</summary>
internal static partial class ReplyOracle
{
    /// <summary>Each reply with its code, and at the end what broke the protocol, if anything did.</summary>
    internal static string Read(byte[] octets)
    {
        string text = Wire.Decode(octets);
        var said = new List<string>();
        var lines = new List<string>();
        while (true)
        {
            int end = text.IndexOf("\r\n", StringComparison.Ordinal);
            string line = end < 0 ? text : text[..end];

            // Which of two faults a line has is told by which comes first. A CR that ends what has come may have its LF still to come.
            int bare = line.AsSpan().IndexOfAny('\r', '\n');
            if (bare >= 0 && end < 0 && bare == line.Length - 1 && line[bare] == '\r')
            {
                bare = -1;
            }

            int length = bare >= 0 ? bare : line.Length;
            if (length + (bare >= 0 ? 1 : end >= 0 ? 2 : 0) > ReplyReader.MaximumLineLength)
            {
                said.Add(nameof(PeerViolation.LineTooLong));
                break;
            }

            if (bare >= 0)
            {
                said.Add(nameof(PeerViolation.BareLineEnding));
                break;
            }

            if (end < 0)
            {
                break;
            }

            text = text[(end + 2)..];
            PeerViolation violation = !ReplyLine().IsMatch(line) ? PeerViolation.MalformedReply
                : lines.Count > 0 && lines[0][..3] != line[..3] ? PeerViolation.CodeMismatch
                : lines.Count == ReplyReader.MaximumLines ? PeerViolation.TooManyLines
                : lines.Sum(l => l.Length + 2) + line.Length + 2 > ReplyReader.MaximumLength ? PeerViolation.ReplyTooLong
                : PeerViolation.None;
            if (violation != PeerViolation.None)
            {
                said.Add(violation.ToString());
                break;
            }

            lines.Add(line);
            if (line.Length == 3 || line[3] == ' ')
            {
                said.Add($"{line[..3]} {Wire.Show(Wire.Encode(string.Concat(lines.Select(l => l + "\r\n"))))}");
                lines.Clear();
            }
        }

        return string.Join('\n', said);
    }

    [GeneratedRegex(@"\A[2-5][0-9][0-9](\z|[ -])")]
    private static partial Regex ReplyLine();
}
