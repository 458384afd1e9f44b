using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Smtp.Core;

/// <summary>The vectorised search that both directions of DATA transparency (RFC 5321 §4.5.2) share.</summary>
internal static class BodyScanner
{
    private const byte CarriageReturn = (byte)'\r';
    private const byte LineFeed = (byte)'\n';
    private const byte Dot = (byte)'.';

    /// <summary>
    /// The first position that regular text does not have: an octet whose pair with the octet in front of it is a CR without its
    /// LF, an LF without its CR, or a dot behind an LF. The first octet has no pair and is the caller's.
    /// </summary>
    /// <returns>A position of at least 1, or the length of <paramref name="text"/>.</returns>
    /// <remarks>
    /// One pass over all pairs: (a is CR) xor (b is LF) finds lone line endings of both kinds, (a is LF) and (b is dot) the dots.
    /// Searching for "\r\n." and for lone CR and LF one after the other reads the text three times.
    /// </remarks>
    internal static int IndexOfIrregular(ReadOnlySpan<byte> text)
    {
        ref byte start = ref MemoryMarshal.GetReference(text);
        nint pairs = text.Length - 1;
        nint i = 0;

        if (Vector256.IsHardwareAccelerated && pairs >= Vector256<byte>.Count)
        {
            nint last = pairs - Vector256<byte>.Count;
            while (true)
            {
                Vector256<byte> a = Vector256.LoadUnsafe(ref start, (nuint)i);
                Vector256<byte> b = Vector256.LoadUnsafe(ref start, (nuint)i + 1);
                Vector256<byte> irregular = Irregular(a, b);
                if (irregular != Vector256<byte>.Zero)
                {
                    return (int)i + 1 + BitOperations.TrailingZeroCount(irregular.ExtractMostSignificantBits());
                }

                if (i == last)
                {
                    return text.Length;
                }

                // The last vector overlaps the one before: what it sees again was regular.
                i = Math.Min(i + Vector256<byte>.Count, last);
            }
        }

        if (Vector128.IsHardwareAccelerated && pairs >= Vector128<byte>.Count)
        {
            nint last = pairs - Vector128<byte>.Count;
            while (true)
            {
                Vector128<byte> a = Vector128.LoadUnsafe(ref start, (nuint)i);
                Vector128<byte> b = Vector128.LoadUnsafe(ref start, (nuint)i + 1);
                Vector128<byte> irregular = Irregular(a, b);
                if (irregular != Vector128<byte>.Zero)
                {
                    return (int)i + 1 + BitOperations.TrailingZeroCount(irregular.ExtractMostSignificantBits());
                }

                if (i == last)
                {
                    return text.Length;
                }

                i = Math.Min(i + Vector128<byte>.Count, last);
            }
        }

        for (; i < pairs; i++)
        {
            byte a = Unsafe.Add(ref start, i);
            byte b = Unsafe.Add(ref start, i + 1);
            if ((a == CarriageReturn) != (b == LineFeed) || (a == LineFeed && b == Dot))
            {
                return (int)i + 1;
            }
        }

        return text.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Irregular(Vector256<byte> a, Vector256<byte> b)
    {
        Vector256<byte> loneEnding = Vector256.Equals(a, Vector256.Create(CarriageReturn)) ^ Vector256.Equals(b, Vector256.Create(LineFeed));
        Vector256<byte> dot = Vector256.Equals(a, Vector256.Create(LineFeed)) & Vector256.Equals(b, Vector256.Create(Dot));
        return loneEnding | dot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Irregular(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<byte> loneEnding = Vector128.Equals(a, Vector128.Create(CarriageReturn)) ^ Vector128.Equals(b, Vector128.Create(LineFeed));
        Vector128<byte> dot = Vector128.Equals(a, Vector128.Create(LineFeed)) & Vector128.Equals(b, Vector128.Create(Dot));
        return loneEnding | dot;
    }
}
