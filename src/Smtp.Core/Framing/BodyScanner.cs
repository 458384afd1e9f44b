using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Smtp.Core;

/// <summary>The vectorised search that both directions of DATA transparency (RFC 5321 §4.5.2) share.</summary>
/// <remarks>
/// <para>
/// Mail has a line ending every 70 octets or so: a search that stops at each of them cannot come near the memory's speed. This one looks at all pairs of
/// octets and stops only where something is amiss: a is CR xor b is LF finds lone line endings of both kinds, and the LFs so found, with the octet
/// behind them, the dots. Three loads at neighbouring places are cheaper than shifting one load's result.
/// </para>
/// <para>
/// Four vectors a step have one branch. Where a step has something, or less than a step is left, single vectors say what it is; the last of them
/// overlaps the one before, and what it sees again was regular.
/// </para>
/// </remarks>
internal static class BodyScanner
{
    private const byte CarriageReturn = (byte)'\r';
    private const byte LineFeed = (byte)'\n';
    private const byte Dot = (byte)'.';

    // Below it the vector in front of the aligned ones costs more than they save.
    private const int AlignedLength = 512;

    /// <summary>
    /// The first position that regular text does not have: an octet whose pair with the octet in front of it is a CR without its
    /// LF, an LF without its CR, or a dot behind an LF. The first octet has no pair and is the caller's.
    /// </summary>
    /// <returns>A position of at least 1, or the length of <paramref name="text"/>.</returns>
    internal static int IndexOfIrregular(ReadOnlySpan<byte> text)
    {
        bool ignored = false;
        return Search(text, watchNul: false, ref ignored);
    }

    /// <summary>As the other, and looks in the same pass for NULs in front of the position that is returned.</summary>
    /// <param name="text">The text.</param>
    /// <param name="sawNul">Set if there is one, else left as it is. Once set, nothing is looked for.</param>
    internal static int IndexOfIrregular(ReadOnlySpan<byte> text, ref bool sawNul)
    {
        if (sawNul)
        {
            return IndexOfIrregular(text);
        }

        int found = Search(text, watchNul: true, ref sawNul);
        return found >= 0 ? found : ~found + IndexOfIrregular(text[~found..]);
    }

    /// <param name="text">The text.</param>
    /// <param name="watchNul">A constant, so that each caller gets a loop of its own.</param>
    /// <param name="sawNul">Set where a NUL was seen.</param>
    /// <returns>A position, or the complement of the one from which to go on without watching.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Search(ReadOnlySpan<byte> text, bool watchNul, ref bool sawNul)
    {
        ref byte start = ref MemoryMarshal.GetReference(text);
        nint length = text.Length;
        if (Vector256.IsHardwareAccelerated && length >= Vector256<byte>.Count + 2)
        {
            // The vectors see dots from their third octet on, and lone endings up to the last octet but one.
            return start == LineFeed && Unsafe.Add(ref start, 1) == Dot ? 1 : Search256(ref start, length, watchNul, ref sawNul);
        }

        if (Vector128.IsHardwareAccelerated && length >= Vector128<byte>.Count + 2)
        {
            return start == LineFeed && Unsafe.Add(ref start, 1) == Dot ? 1 : Search128(ref start, length, watchNul, ref sawNul);
        }

        for (nint i = 0; i < length - 1; i++)
        {
            byte a = Unsafe.Add(ref start, i);
            byte b = Unsafe.Add(ref start, i + 1);
            sawNul |= watchNul && a == 0;
            if ((a == CarriageReturn) != (b == LineFeed) || (a == LineFeed && b == Dot))
            {
                return (int)i + 1;
            }
        }

        sawNul |= watchNul && length > 0 && Unsafe.Add(ref start, length - 1) == 0;
        return (int)length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Search256(ref byte start, nint length, bool watchNul, ref bool sawNul)
    {
        nint last = length - (Vector256<byte>.Count + 2);
        nint i = 0;
        if (length >= AlignedLength && Irregular256(ref start, 0) == Vector256<byte>.Zero
            && !(watchNul && Vector256.EqualsAny(Load256(ref start, 0), Vector256<byte>.Zero)))
        {
            // Of three loads two cross a cache line now and then; aligned, the third never does, which is a tenth of the time.
            i = Vector256<byte>.Count - (Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref start) & (Vector256<byte>.Count - 1));
            for (; i <= last - (3 * Vector256<byte>.Count); i += 4 * Vector256<byte>.Count)
            {
                ref byte step = ref Unsafe.Add(ref start, i);
                Vector256<byte> amiss = Irregular256(ref step, 0) | Irregular256(ref step, 1) | Irregular256(ref step, 2) | Irregular256(ref step, 3);
                if (watchNul)
                {
                    Vector256<byte> least = Vector256.Min(
                        Vector256.Min(Load256(ref step, 0), Load256(ref step, 1)),
                        Vector256.Min(Load256(ref step, 2), Load256(ref step, 3)));
                    amiss |= Vector256.Equals(least, Vector256<byte>.Zero);
                }

                if (amiss != Vector256<byte>.Zero)
                {
                    break;
                }
            }

            // The last whole step may end behind where the last vector starts.
            i = Math.Min(i, last);
        }

        while (true)
        {
            ref byte step = ref Unsafe.Add(ref start, i);
            Vector256<byte> endings = LoneEndings256(ref step, 0);
            Vector256<byte> dots = Dots256(ref step, 0);
            Vector256<byte> nuls = watchNul ? Vector256.Equals(Load256(ref step, 0), Vector256<byte>.Zero) : Vector256<byte>.Zero;
            if ((endings | dots | nuls) != Vector256<byte>.Zero)
            {
                return (int)i + Locate(
                    endings.ExtractMostSignificantBits(), dots.ExtractMostSignificantBits(), nuls.ExtractMostSignificantBits(), (int)i, ref sawNul);
            }

            if (i == last)
            {
                return SearchLastPair(ref start, length, watchNul, ref sawNul);
            }

            i = Math.Min(i + Vector256<byte>.Count, last);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Search128(ref byte start, nint length, bool watchNul, ref bool sawNul)
    {
        nint last = length - (Vector128<byte>.Count + 2);
        nint i = 0;
        while (true)
        {
            ref byte step = ref Unsafe.Add(ref start, i);
            Vector128<byte> feeds = Vector128.Equals(Vector128.LoadUnsafe(ref step, 1), Vector128.Create(LineFeed));
            Vector128<byte> endings = Vector128.Equals(Vector128.LoadUnsafe(ref step), Vector128.Create(CarriageReturn)) ^ feeds;
            Vector128<byte> dots = feeds & Vector128.Equals(Vector128.LoadUnsafe(ref step, 2), Vector128.Create(Dot));
            Vector128<byte> nuls = watchNul ? Vector128.Equals(Vector128.LoadUnsafe(ref step), Vector128<byte>.Zero) : Vector128<byte>.Zero;
            if ((endings | dots | nuls) != Vector128<byte>.Zero)
            {
                return (int)i + Locate(
                    endings.ExtractMostSignificantBits(), dots.ExtractMostSignificantBits(), nuls.ExtractMostSignificantBits(), (int)i, ref sawNul);
            }

            if (i == last)
            {
                return SearchLastPair(ref start, length, watchNul, ref sawNul);
            }

            i = Math.Min(i + Vector128<byte>.Count, last);
        }
    }

    /// <summary>What of a vector comes first.</summary>
    /// <returns>A distance from the vector's start, or what makes <paramref name="position"/> with it the complement of itself.</returns>
    private static int Locate(uint endings, uint dots, uint nuls, int position, ref bool sawNul)
    {
        // An ending's position is behind its bit, a dot's another one further.
        ulong found = ((ulong)endings << 1) | ((ulong)dots << 2);
        int distance = BitOperations.TrailingZeroCount(found);
        sawNul |= BitOperations.TrailingZeroCount((ulong)nuls) < distance;
        return found != 0 ? distance : ~position - position;
    }

    private static int SearchLastPair(ref byte start, nint length, bool watchNul, ref bool sawNul)
    {
        byte a = Unsafe.Add(ref start, length - 2);
        byte b = Unsafe.Add(ref start, length - 1);
        sawNul |= watchNul && a == 0;
        if ((a == CarriageReturn) != (b == LineFeed))
        {
            return (int)length - 1;
        }

        sawNul |= watchNul && b == 0;
        return (int)length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Load256(ref byte step, nuint index) => Vector256.LoadUnsafe(ref step, index * 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Irregular256(ref byte step, nuint index) => LoneEndings256(ref step, index) | Dots256(ref step, index);

    /// <summary>CRs without an LF behind them, and octets with an LF but no CR in front of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> LoneEndings256(ref byte step, nuint index) =>
        Vector256.Equals(Load256(ref step, index), Vector256.Create(CarriageReturn))
        ^ Vector256.Equals(Vector256.LoadUnsafe(ref step, (index * 32) + 1), Vector256.Create(LineFeed));

    /// <summary>Octets with an LF and a dot behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Dots256(ref byte step, nuint index) =>
        Vector256.Equals(Vector256.LoadUnsafe(ref step, (index * 32) + 1), Vector256.Create(LineFeed))
        & Vector256.Equals(Vector256.LoadUnsafe(ref step, (index * 32) + 2), Vector256.Create(Dot));
}
