using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

/// <summary>xtext by RFC 3461 §4's ABNF.</summary>
internal static partial class XtextOracle
{
    public static bool IsValid(string text) => Grammar().IsMatch(text);

    public static bool IsPrintable(string text) =>
        IsValid(text) && HexCharacter().Matches(text).All(match => Convert.FromHexString(match.Value[1..])[0] is 9 or (>= 32 and <= 126));

    // xtext = *( xchar / hexchar ), xchar = %d33-126 without "+" and "=", hexchar = "+" and two upper-case hexadecimal digits
    [GeneratedRegex(@"\A(?:[\x21-\x2A\x2C-\x3C\x3E-\x7E]|\+[0-9A-F]{2})*\z")]
    private static partial Regex Grammar();

    [GeneratedRegex(@"\+[0-9A-F]{2}")]
    private static partial Regex HexCharacter();
}
