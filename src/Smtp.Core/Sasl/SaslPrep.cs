using System.Globalization;
using System.Text;

namespace Smtp.Core;

/// <summary>Prepares names and passwords so that the same text typed on two keyboards is the same octets (RFC 4013).</summary>
/// <remarks>
/// Mapping (§2.1), normalisation to NFKC (§2.2) and the prohibited characters (§2.3). Not the bidirectional check (§2.4): it would refuse passwords
/// that people have, and its purpose is how text looks. With invariant globalization .NET normalises ASCII only.
/// </remarks>
internal static class SaslPrep
{
    /// <exception cref="ArgumentException">The text holds a character that is prohibited.</exception>
    internal static string Prepare(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.AsSpan().ContainsAnyInRange('\0', '\x1F') || text.Contains('\x7F') ? throw Prohibited() : text;
        }

        var mapped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator)
            {
                mapped.Append(' ');
            }
            else if (!IsMappedToNothing(rune.Value))
            {
                mapped.Append(rune);
            }
        }

        string normalized = mapped.ToString().Normalize(NormalizationForm.FormKC);
        foreach (Rune rune in normalized.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                || rune == Rune.ReplacementChar
                || (rune.Value & 0xFFFE) == 0xFFFE)
            {
                throw Prohibited();
            }
        }

        return normalized;
    }

    // RFC 3454 table B.1.
    private static bool IsMappedToNothing(int rune) =>
        rune is 0xAD or 0x34F or 0x1806 or (>= 0x180B and <= 0x180D) or (>= 0x200B and <= 0x200D) or 0x2060 or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF;

    private static ArgumentException Prohibited() => new("The text holds a character that RFC 4013 prohibits.");
}
