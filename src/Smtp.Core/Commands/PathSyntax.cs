using System.Buffers;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>Paths, mailboxes and domains (RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3). Allocates nothing for names; checks, never rewrites.</summary>
public static class PathSyntax
{
    /// <summary>The longest local part in octets (RFC 5321 §4.5.3.1.1).</summary>
    public const int MaximumLocalPartLength = 64;

    /// <summary>The longest domain in octets (RFC 5321 §4.5.3.1.2).</summary>
    public const int MaximumDomainLength = 255;

    /// <summary>The longest path in octets, punctuation included (RFC 5321 §4.5.3.1.3).</summary>
    public const int MaximumPathLength = 256;

    /// <summary>The longest label of a domain in octets, if it is ASCII (RFC 1035 §2.3.4).</summary>
    public const int MaximumLabelLength = 63;

    private static readonly SearchValues<byte> AtomText =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~"u8);

    private static readonly SearchValues<byte> LetterDigitHyphen =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);

    /// <summary>
    /// Parses a path at the start of <paramref name="text"/>.
    /// <c>Path = "&lt;" [ A-d-l ":" ] Mailbox "&gt;"</c>
    /// </summary>
    /// <remarks>A source route is accepted and skipped, as RFC 5321 §4.1.1.3 and appendix C ask.</remarks>
    public static bool TryParsePath(ReadOnlySpan<byte> text, PathOptions options, out ParsedPath path)
    {
        path = default;
        int i = 0;
        if ((options & PathOptions.AllowLeadingSpace) != 0)
        {
            while (i < text.Length && text[i] == ' ')
            {
                i++;
            }
        }

        int open = i;
        bool bracketed = i < text.Length && text[i] == '<';
        if (bracketed)
        {
            i++;
        }
        else if ((options & PathOptions.AllowMissingBrackets) == 0)
        {
            return false;
        }

        if (bracketed && i < text.Length && text[i] == '>' && (options & PathOptions.AllowNull) != 0)
        {
            path = new ParsedPath(i, 0, 0, i + 1, HasUtf8: false);
            return true;
        }

        if (bracketed && !TrySkipSourceRoute(text, options, ref i))
        {
            return false;
        }

        int start = i;
        int localPartLength = LocalPartLength(text[i..], options);
        if (localPartLength is 0 or > MaximumLocalPartLength)
        {
            return false;
        }

        i += localPartLength;
        if (i < text.Length && text[i] == '@')
        {
            int domainLength = DomainLength(text[++i..], options);
            if (domainLength is 0 or > MaximumDomainLength)
            {
                return false;
            }

            i += domainLength;
        }
        else if ((options & PathOptions.AllowPostmaster) == 0 || !System.Text.Ascii.EqualsIgnoreCase(text[start..i], "postmaster"u8))
        {
            return false;
        }

        int length = i - start;
        if (bracketed)
        {
            if (i >= text.Length || text[i] != '>')
            {
                return false;
            }

            i++;
        }
        else if (i < text.Length && text[i] != ' ')
        {
            return false;
        }

        if (i - open + (bracketed ? 0 : 2) > MaximumPathLength)
        {
            return false;
        }

        ReadOnlySpan<byte> whole = text[open..i];
        bool hasUtf8 = !System.Text.Ascii.IsValid(whole);
        if (hasUtf8 && !IsSafeUtf8(whole))
        {
            return false;
        }

        path = new ParsedPath(start, length, localPartLength, i, hasUtf8);
        return true;
    }

    /// <summary>Whether <paramref name="text"/> is a <c>Mailbox = Local-part "@" ( Domain / address-literal )</c> and nothing more.</summary>
    public static bool TryParseMailbox(ReadOnlySpan<byte> text, PathOptions options, out ParsedPath mailbox) =>
        TryParsePath(text, (options & ~(PathOptions.AllowLeadingSpace | PathOptions.AllowNull)) | PathOptions.AllowMissingBrackets, out mailbox)
        && mailbox.Start == 0
        && mailbox.Consumed == text.Length;

    /// <summary>Whether <paramref name="text"/> is a domain or an address literal (RFC 5321 §4.1.2, §4.1.3).</summary>
    public static bool IsDomain(ReadOnlySpan<byte> text, PathOptions options) =>
        text.Length is > 0 and <= MaximumDomainLength
        && DomainLength(text, options) == text.Length
        && (System.Text.Ascii.IsValid(text) || IsSafeUtf8(text));

    /// <summary>
    /// Whether <paramref name="text"/> can be the argument of EHLO or HELO. Wider than <see cref="IsDomain"/> by the underscore, which host
    /// names of Windows machines and containers have; RFC 5321 §4.1.4 forbids to refuse mail because of what the name says.
    /// </summary>
    public static bool IsHelloName(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > MaximumDomainLength)
        {
            return false;
        }

        if (text[0] == '[')
        {
            return DomainLength(text, PathOptions.None) == text.Length;
        }

        foreach (byte octet in text)
        {
            if (!LetterDigitHyphen.Contains(octet) && octet is not ((byte)'.' or (byte)'_'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary><c>A-d-l = At-domain *( "," At-domain ) ":"</c>, <c>At-domain = "@" Domain</c>: names only, no address literals.</summary>
    private static bool TrySkipSourceRoute(ReadOnlySpan<byte> text, PathOptions options, ref int i)
    {
        if (i >= text.Length || text[i] != '@')
        {
            return true;
        }

        while (i < text.Length && text[i] == '@')
        {
            i++;
            int length = NameLength(text[i..], options);
            if (length is 0 or > MaximumDomainLength)
            {
                return false;
            }

            i += length;
            if (i >= text.Length)
            {
                return false;
            }

            if (text[i] == ':')
            {
                i++;
                return true;
            }

            if (text[i] != ',')
            {
                return false;
            }

            i++;
        }

        return false;
    }

    /// <summary><c>Local-part = Dot-string / Quoted-string</c>; the length, or 0 where none stands.</summary>
    private static int LocalPartLength(ReadOnlySpan<byte> text, PathOptions options)
    {
        if (text.IsEmpty)
        {
            return 0;
        }

        bool utf8 = (options & PathOptions.AllowUtf8) != 0;
        if (text[0] == '"')
        {
            return QuotedStringLength(text, utf8);
        }

        int i = 0;
        while (true)
        {
            int atom = AtomLength(text[i..], AtomText, utf8);
            if (atom == 0)
            {
                return 0;
            }

            i += atom;
            if (i >= text.Length || text[i] != '.')
            {
                return i;
            }

            i++;
        }
    }

    /// <summary><c>Quoted-string = DQUOTE *( qtextSMTP / "\" %d32-126 ) DQUOTE</c></summary>
    private static int QuotedStringLength(ReadOnlySpan<byte> text, bool utf8)
    {
        for (int i = 1; i < text.Length; i++)
        {
            byte octet = text[i];
            if (octet == '"')
            {
                return i + 1;
            }

            if (octet == '\\' && (++i >= text.Length || text[i] is < 32 or > 126))
            {
                return 0;
            }

            if (octet is < 32 or 127 || (octet > 127 && !utf8))
            {
                return 0;
            }
        }

        return 0;
    }

    /// <summary><c>Domain / address-literal</c>; the length, or 0 where none stands.</summary>
    private static int DomainLength(ReadOnlySpan<byte> text, PathOptions options) =>
        !text.IsEmpty && text[0] == '[' ? AddressLiteral.Length(text) : NameLength(text, options);

    /// <summary><c>Domain = sub-domain *("." sub-domain)</c>; the length, or 0 where none stands.</summary>
    private static int NameLength(ReadOnlySpan<byte> text, PathOptions options)
    {
        bool utf8 = (options & PathOptions.AllowUtf8) != 0;
        int i = 0;
        while (true)
        {
            // sub-domain = Let-dig [Ldh-str]: no hyphen at either end.
            int label = AtomLength(text[i..], LetterDigitHyphen, utf8);
            if (label == 0 || text[i] == '-' || text[i + label - 1] == '-')
            {
                return 0;
            }

            // The DNS counts the octets of a label's ASCII form, which can be far shorter than its UTF-8 (RFC 5890 §4.2).
            if (label > MaximumLabelLength && System.Text.Ascii.IsValid(text.Slice(i, label)))
            {
                return 0;
            }

            i += label;
            if (i >= text.Length || text[i] != '.')
            {
                return i;
            }

            i++;
        }
    }

    private static int AtomLength(ReadOnlySpan<byte> text, SearchValues<byte> allowed, bool utf8)
    {
        int i = 0;
        while (true)
        {
            int other = text[i..].IndexOfAnyExcept(allowed);
            if (other < 0)
            {
                return text.Length;
            }

            i += other;
            if (!utf8 || text[i] < 0x80)
            {
                return i;
            }

            i++;
        }
    }

    /// <summary>Well-formed, and without C1 controls, U+2028 and U+2029, which some software downstream takes for line ends.</summary>
    internal static bool IsSafeUtf8(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text) || text.IndexOf("\u2028"u8) >= 0 || text.IndexOf("\u2029"u8) >= 0)
        {
            return false;
        }

        for (int i = text.IndexOf((byte)0xC2); i >= 0 && i + 1 < text.Length;)
        {
            // U+0080 to U+009F are C2 80 to C2 9F.
            if (text[i + 1] < 0xA0)
            {
                return false;
            }

            int next = text[(i + 2)..].IndexOf((byte)0xC2);
            i = next < 0 ? -1 : i + 2 + next;
        }

        return true;
    }
}
