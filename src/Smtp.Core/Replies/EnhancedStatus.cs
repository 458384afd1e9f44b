using System.Buffers.Text;
using System.Globalization;

namespace Smtp.Core;

/// <summary>An enhanced mail system status code (RFC 3463): class "." subject "." detail, such as 5.1.1.</summary>
/// <param name="Class">2 success, 4 persistent transient failure, 5 permanent failure; 0 in <see cref="None"/>.</param>
/// <param name="Subject">0 to 999 (RFC 3463 §3).</param>
/// <param name="Detail">0 to 999.</param>
public readonly record struct EnhancedStatus(byte Class, ushort Subject, ushort Detail)
{
    /// <summary>No enhanced status.</summary>
    public static EnhancedStatus None => default;

    /// <summary>Whether this is no status at all.</summary>
    public bool IsNone => Class == 0;

    /// <summary>Reads a status from the start of a reply's text.</summary>
    /// <param name="text">The text behind the reply code and its separator.</param>
    /// <param name="status">The status, or <see cref="None"/>.</param>
    /// <param name="length">How many octets the status took, without the space behind it.</param>
    /// <returns>Whether the text starts with a well-formed status that ends at a space or at the end of the text.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out EnhancedStatus status, out int length)
    {
        status = default;
        length = 0;
        if (text.Length < 5 || text[0] is not ((byte)'2' or (byte)'4' or (byte)'5') || text[1] != '.')
        {
            return false;
        }

        if (!TryParseNumber(text[2..], out ushort subject, out int subjectLength))
        {
            return false;
        }

        int dot = 2 + subjectLength;
        if (dot >= text.Length || text[dot] != '.' || !TryParseNumber(text[(dot + 1)..], out ushort detail, out int detailLength))
        {
            return false;
        }

        int end = dot + 1 + detailLength;
        if (end < text.Length && text[end] != ' ')
        {
            return false;
        }

        status = new EnhancedStatus((byte)(text[0] - '0'), subject, detail);
        length = end;
        return true;
    }

    /// <summary>The status as it stands in a reply, or an empty string for <see cref="None"/>.</summary>
    public override string ToString() =>
        IsNone ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"{Class}.{Subject}.{Detail}");

    private static bool TryParseNumber(ReadOnlySpan<byte> text, out ushort number, out int length) =>
        Utf8Parser.TryParse(text[..Math.Min(text.Length, 3)], out number, out length) && text[0] != '+';
}
