using System.Text;
using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

/// <summary>
/// Paths by one regular expression, put together from the ABNF of RFC 5321 §4.1.2 and §4.1.3 rule by rule, as RFC 6531 widens it.
/// </summary>
internal static class PathOracle
{
    // What is no UTF-8 is put in as a lone surrogate, which no class below has.
    private const char NoCharacter = '\uDC00';

    // UTF8-non-ascii, without C1 and the line and paragraph separators.
    private const string NonAscii = @"|[\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFF]|[\uD800-\uDBFF][\uDC00-\uDFFF]";

    private const string Snum = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])";
    private const string Ipv4 = $@"{Snum}(?:\.{Snum}){{3}}";
    private const string Hex = "(?<hex>[0-9A-Fa-f]{1,4})";
    private const string Dcontent = @"[\x21-\x5A\x5E-\x7E]";
    private const string General = $"(?![Ii][Pp][Vv]6:)[A-Za-z0-9-]*[A-Za-z0-9]:{Dcontent}+";
    private const string Literal = $@"\[(?:{Ipv4}|[Ii][Pp][Vv]6:(?<ipv6>[^\]]*)|{General})\]";

    private static readonly Regex Ipv6Full = Whole($"{Hex}(?::{Hex}){{7}}");
    private static readonly Regex Ipv6Compressed = Whole($"(?:{Hex}(?::{Hex})*)?::(?:{Hex}(?::{Hex})*)?");
    private static readonly Regex Ipv6WithIpv4Full = Whole($"{Hex}(?::{Hex}){{5}}:{Ipv4}");
    private static readonly Regex Ipv6WithIpv4Compressed = Whole($"(?:{Hex}(?::{Hex})*)?::(?:{Hex}(?::{Hex})*:)?{Ipv4}");

    /// <summary>The path at the start of a text, or null.</summary>
    public static ParsedPath? Parse(ReadOnlySpan<byte> octets, PathOptions options)
    {
        Match match = Regex.Match(Characters(octets), Pattern(options), RegexOptions.CultureInvariant);
        if (!match.Success)
        {
            return null;
        }

        if (match.Groups["null"].Success)
        {
            return new ParsedPath(Octets(match.Value) - 1, 0, 0, Octets(match.Value), HasUtf8: false);
        }

        Group mailbox = match.Groups["mailbox"];
        string path = match.Value.TrimStart(' ');
        bool bracketed = path[0] == '<';
        bool valid = Octets(match.Groups["local"].Value) <= 64
            && Octets(path) + (bracketed ? 0 : 2) <= 256
            && match.Groups["domain"].Captures.All(domain => IsDomain(domain.Value))
            && (!match.Groups["ipv6"].Success || IsIpv6(match.Groups["ipv6"].Value));
        return valid
            ? new ParsedPath(
                Octets(match.Value[..mailbox.Index]),
                Octets(mailbox.Value),
                Octets(match.Groups["local"].Value),
                Octets(match.Value),
                path.Any(c => c > 127))
            : null;
    }

    private static string Pattern(PathOptions options)
    {
        string more = options.HasFlag(PathOptions.AllowUtf8) ? NonAscii : "";
        string atom = $"(?:[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]{more})+";
        string dotString = $@"{atom}(?:\.{atom})*";
        string quotedString = $@"""(?:[\x20-\x21\x23-\x5B\x5D-\x7E]{more}|\\[\x20-\x7E])*""";
        string letDig = $"(?:[A-Za-z0-9]{more})";
        string label = $"{letDig}(?:(?:[A-Za-z0-9-]{more})*{letDig})?";
        string domain = $@"{label}(?:\.{label})*";
        string mailbox = $"(?<local>{dotString}|{quotedString})@(?<domain>{domain}|{Literal})";
        if (options.HasFlag(PathOptions.AllowPostmaster))
        {
            mailbox = $"(?:{mailbox}|(?<local>[Pp][Oo][Ss][Tt][Mm][Aa][Ss][Tt][Ee][Rr]))";
        }

        string route = $"(?:@(?<domain>{domain})(?:,@(?<domain>{domain}))*:)?";
        string path = $"<{route}(?<mailbox>{mailbox})>";
        path += options.HasFlag(PathOptions.AllowNull) ? "|(?<null><>)" : "";
        path += options.HasFlag(PathOptions.AllowMissingBrackets) ? $@"|(?<mailbox>{mailbox})(?= |\z)" : "";
        return (options.HasFlag(PathOptions.AllowLeadingSpace) ? @"\A *" : @"\A") + $"(?:{path})";
    }

    private static bool IsDomain(string domain) => Octets(domain) <= 255 && (domain[0] == '[' || domain.Split('.').All(IsLabel));

    private static bool IsLabel(string label) => label.Length <= 63 || label.Any(c => c > 127);

    // "The '::' represents at least 2 16-bit groups of zeros. No more than 6 groups in addition to the '::' may be present", or 4 and IPv4.
    private static bool IsIpv6(string text) =>
        Ipv6Full.IsMatch(text)
        || Ipv6WithIpv4Full.IsMatch(text)
        || (Ipv6Compressed.Match(text) is { Success: true } six && six.Groups["hex"].Captures.Count <= 6)
        || (Ipv6WithIpv4Compressed.Match(text) is { Success: true } four && four.Groups["hex"].Captures.Count <= 4);

    private static Regex Whole(string pattern) => new($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant);

    private static int Octets(string text) => Encoding.UTF8.GetByteCount(text);

    private static string Characters(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder();
        while (!octets.IsEmpty)
        {
            bool valid = Rune.DecodeFromUtf8(octets, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            _ = valid ? text.Append(rune.ToString()) : text.Append(NoCharacter);
            octets = octets[length..];
        }

        return text.ToString();
    }
}
