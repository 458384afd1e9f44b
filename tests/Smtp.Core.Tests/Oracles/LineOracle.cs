using System.Text;
using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

/// <summary>Lines by searching CRLF in the whole text: what stands between two of them is one line, good or refused.</summary>
internal static partial class LineOracle
{
    /// <summary>The trace that <see cref="LineTrace"/> must give, and what stays unread.</summary>
    public static string Trace(string text, int maximumLength, out string unread)
    {
        var trace = new StringBuilder();
        int start = 0;
        for (int end; (end = text.IndexOf("\r\n", start, StringComparison.Ordinal)) >= 0; start = end + 2)
        {
            trace.Append(Judge(text[start..end], maximumLength, complete: true));
        }

        unread = text[start..];
        string? refusal = Judge(unread, maximumLength, complete: false);
        if (refusal is not null)
        {
            // A refused line is dropped while it comes.
            trace.Append(refusal);
            unread = "";
        }

        return trace.ToString();
    }

    private static string? Judge(string line, int maximumLength, bool complete)
    {
        // A CR at the end of what has come may be half of a CRLF.
        Match bare = BareEnding().Match(complete ? line + "x" : line);
        Match ending = AnyEnding().Match(line);
        int textLength = ending.Success ? ending.Index : line.Length;
        return textLength + 2 > maximumLength ? nameof(LineStatus.TooLong)
            : bare.Success ? nameof(LineStatus.BareLineEnding)
            : complete ? $"[{line}]"
            : null;
    }

    [GeneratedRegex(@"\r(?!\z)|\n", RegexOptions.Singleline)]
    private static partial Regex BareEnding();

    [GeneratedRegex(@"[\r\n]")]
    private static partial Regex AnyEnding();
}
