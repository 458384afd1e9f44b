using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

/// <summary>Parameters behind a path (RFC 5321 §4.1.2), by a regular expression from their ABNF.</summary>
internal static partial class ParameterOracle
{
    /// <summary>Each parameter in brackets, and an exclamation mark where the text stops being parameters.</summary>
    public static string Trace(string text)
    {
        string trace = "";
        int position = 0;
        for (Match match = Parameter().Match(text); match.Success; match = match.NextMatch())
        {
            trace += $"[{match.Value.TrimStart(' ')}]";
            position = match.Index + match.Length;
        }

        return position == text.Length ? trace : trace + "!";
    }

    // esmtp-param = esmtp-keyword ["=" esmtp-value], esmtp-value = 1*(%d33-60 / %d62-126), and octets of UTF-8.
    [GeneratedRegex(@"\G +[A-Za-z0-9][A-Za-z0-9-]*(?:=[\x21-\x3C\x3E-\x7E\x80-\xFF]+)?(?= |\z)")]
    private static partial Regex Parameter();
}
