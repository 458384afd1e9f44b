using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Smtp.Client;

/// <summary>Looks whether a message's header is one of RFC 6532, without parsing it.</summary>
internal static class HeaderEncoding
{
    /// <summary>
    /// Whether there is UTF-8 beyond ASCII in the header fields. Octets that are no UTF-8 are no header of RFC 6532's: nothing that
    /// could be declared makes them right, and they go as 8-bit content, as they came.
    /// </summary>
    internal static bool HasUtf8(ReadOnlySequence<byte> content)
    {
        ReadOnlySequence<byte> header = content.Slice(0, LengthOf(content));
        if (header.IsSingleSegment)
        {
            return IsUtf8(header.FirstSpan);
        }

        byte[] copy = ArrayPool<byte>.Shared.Rent((int)Math.Min(header.Length, int.MaxValue));
        try
        {
            header.CopyTo(copy);
            return IsUtf8(copy.AsSpan(0, (int)header.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static bool IsUtf8(ReadOnlySpan<byte> header) => !Ascii.IsValid(header) && Utf8.IsValid(header);

    /// <summary>The header's length: its fields and their continuations (RFC 5322 §2.2), up to the first line that is neither.</summary>
    private static long LengthOf(ReadOnlySequence<byte> content)
    {
        var reader = new SequenceReader<byte>(content);
        long length = 0;
        while (!reader.End && StartsLineOfHeader(reader))
        {
            if (!reader.TryAdvanceTo((byte)'\n'))
            {
                return content.Length;
            }

            length = reader.Consumed;
        }

        return length;
    }

    /// <param name="reader">At the start of a line; a copy, which may be moved.</param>
    private static bool StartsLineOfHeader(SequenceReader<byte> reader)
    {
        bool isFirst = true;
        while (reader.TryRead(out byte octet))
        {
            switch (octet)
            {
                case (byte)' ' or (byte)'\t':
                    // A continuation; behind a name, the blank that old mail has in front of the colon (RFC 5322 §4.5).
                    return isFirst || (reader.TryPeek(out byte next) && next == ':');
                case (byte)':':
                    return !isFirst;
                case < (byte)'!' or > (byte)'~':
                    return false;
            }

            isFirst = false;
        }

        return false;
    }
}
