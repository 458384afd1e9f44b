using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// Address literals (RFC 5321 §4.1.3). Written out, as what <see cref="System.Net.IPAddress"/> takes is wider: scope ids, octal parts,
/// and "::" in place of a single group.
/// </summary>
internal static class AddressLiteral
{
    private static readonly SearchValues<byte> LetterDigitHyphen =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);

    /// <summary><c>address-literal = "[" ( IPv4 / "IPv6:" IPv6-addr / tag ":" 1*dcontent ) "]"</c></summary>
    /// <param name="text">A text that starts with the opening bracket.</param>
    /// <returns>The length, brackets included; 0 where no literal stands.</returns>
    public static int Length(ReadOnlySpan<byte> text)
    {
        int close = text.IndexOf((byte)']');
        if (close < 0)
        {
            return 0;
        }

        ReadOnlySpan<byte> content = text[1..close];
        int colon = content.IndexOf((byte)':');
        bool valid = colon < 0 ? IsIpv4(content)
            : colon == 4 && System.Text.Ascii.EqualsIgnoreCase(content[..4], "IPv6"u8) ? IsIpv6(content[5..])
            : IsGeneral(content, colon);
        return valid ? close + 1 : 0;
    }

    /// <summary><c>Snum 3("." Snum)</c>, each 0 to 255 of one to three digits.</summary>
    private static bool IsIpv4(ReadOnlySpan<byte> text)
    {
        int i = 0;
        for (int part = 0; part < 4; part++)
        {
            int digits = 0;
            int value = 0;
            while (i < text.Length && char.IsAsciiDigit((char)text[i]) && digits < 4)
            {
                value = (value * 10) + (text[i++] - '0');
                digits++;
            }

            if (digits is 0 or > 3 || value > 255)
            {
                return false;
            }

            if (part < 3 && (i >= text.Length || text[i++] != '.'))
            {
                return false;
            }
        }

        return i == text.Length;
    }

    /// <summary>
    /// <c>IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp</c>: eight groups of one to four hex digits, of which an IPv4
    /// address at the end stands for two; "::" once, for at least two groups.
    /// </summary>
    private static bool IsIpv6(ReadOnlySpan<byte> text)
    {
        int groups = 0;
        bool compressed = false;
        int i = 0;
        if (text.StartsWith("::"u8))
        {
            compressed = true;
            i = 2;
        }

        // At each turn a group may start here; at the end only behind "::".
        while (i < text.Length)
        {
            int digits = 0;
            while (i + digits < text.Length && char.IsAsciiHexDigit((char)text[i + digits]))
            {
                digits++;
            }

            int end = i + digits;
            if (end < text.Length && text[end] == '.')
            {
                return IsIpv4(text[i..]) && IsComplete(groups + 2, compressed);
            }

            if (digits is 0 or > 4)
            {
                return false;
            }

            groups++;
            if (end == text.Length)
            {
                return IsComplete(groups, compressed);
            }

            if (text[end] != ':')
            {
                return false;
            }

            i = end + 1;
            if (i < text.Length && text[i] == ':')
            {
                if (compressed)
                {
                    return false;
                }

                compressed = true;
                i++;
            }
            else if (i == text.Length)
            {
                // A single colon ends nothing.
                return false;
            }
        }

        return compressed && IsComplete(groups, compressed);
    }

    private static bool IsComplete(int groups, bool compressed) => compressed ? groups <= 6 : groups == 8;

    /// <summary><c>General-address-literal = Standardized-tag ":" 1*dcontent</c></summary>
    private static bool IsGeneral(ReadOnlySpan<byte> content, int colon)
    {
        ReadOnlySpan<byte> tag = content[..colon];
        ReadOnlySpan<byte> value = content[(colon + 1)..];
        if (tag.IsEmpty || value.IsEmpty || tag.ContainsAnyExcept(LetterDigitHyphen) || tag[^1] == '-')
        {
            return false;
        }

        // dcontent = %d33-90 / %d94-126
        foreach (byte octet in value)
        {
            if (octet is < 33 or (> 90 and < 94) or > 126)
            {
                return false;
            }
        }

        return true;
    }
}
