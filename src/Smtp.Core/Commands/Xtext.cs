using System.Buffers;

namespace Smtp.Core;

/// <summary>xtext (RFC 3461 §4): printable ASCII but "+" and "=" as it is, everything else as "+" and two upper-case hex digits.</summary>
public static class Xtext
{
    /// <summary>Whether the text is well-formed xtext.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            byte octet = text[i];
            if (octet is < 33 or > 126 or (byte)'=')
            {
                return false;
            }

            if (octet == '+')
            {
                if (i + 2 >= text.Length || !IsUpperHex(text[i + 1]) || !IsUpperHex(text[i + 2]))
                {
                    return false;
                }

                i += 2;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether the text is well-formed and stands for graphic and white space US-ASCII only, as ENVID and ORCPT must (RFC 3461 §4.2,
    /// §4.4): both end up in a notification's fields, where a decoded CRLF would start a field of the sender's choice.
    /// </summary>
    internal static bool IsPrintable(ReadOnlySpan<byte> text)
    {
        if (!IsValid(text))
        {
            return false;
        }

        int plus;
        while ((plus = text.IndexOf((byte)'+')) >= 0)
        {
            if (Value(text, plus) is (< 32 and not (byte)'\t') or > 126)
            {
                return false;
            }

            text = text[(plus + 3)..];
        }

        return true;
    }

    /// <summary>Decodes.</summary>
    /// <param name="text">Well-formed or not.</param>
    /// <param name="destination">At least as long as the text.</param>
    /// <param name="written">How many octets came out.</param>
    /// <returns>Whether the text is well-formed.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, out int written)
    {
        written = 0;
        if (!IsValid(text))
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '+')
            {
                destination[written++] = Value(text, i);
                i += 2;
            }
            else
            {
                destination[written++] = text[i];
            }
        }

        return true;
    }

    /// <summary>Encodes.</summary>
    public static void Encode(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Span<byte> span = output.GetSpan(octets.Length * 3);
        int written = 0;
        foreach (byte octet in octets)
        {
            if (octet is < 33 or > 126 or (byte)'=' or (byte)'+')
            {
                span[written++] = (byte)'+';
                span[written++] = "0123456789ABCDEF"u8[octet >> 4];
                span[written++] = "0123456789ABCDEF"u8[octet & 15];
            }
            else
            {
                span[written++] = octet;
            }
        }

        output.Advance(written);
    }

    private static bool IsUpperHex(byte octet) => octet is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'A' and <= (byte)'F');

    private static byte Value(ReadOnlySpan<byte> text, int plus) => (byte)((HexValue(text[plus + 1]) << 4) | HexValue(text[plus + 2]));

    private static int HexValue(byte octet) => octet <= '9' ? octet - '0' : octet - 'A' + 10;
}
