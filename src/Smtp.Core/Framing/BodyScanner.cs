using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
/// <para>
/// Where the runtime's own searches take vectors of 512 bits, eight of them a step do most of a large body: see <see cref="SkipRegular512"/>.
/// </para>
/// </remarks>
internal static class BodyScanner
{
    private const byte CarriageReturn = (byte)'\r';
    private const byte LineFeed = (byte)'\n';
    private const byte Dot = (byte)'.';

    // Below it the vectors in front of the aligned ones cost more than they save.
    private static int AlignedLength => Vector512.IsHardwareAccelerated ? 256 : 512;

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
            if (Avx512BW.IsSupported && Vector512.IsHardwareAccelerated)
            {
                // One vector back, which is as aligned: the pair of the last octet that was skipped was not looked at.
                i = Math.Max(i, (watchNul ? SkipRegularWithoutNul512(ref start, length) : SkipRegular512(ref start, length)) - Vector256<byte>.Count);
            }

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

    // Methods of their own: together with the rest the compiler runs out of what it inlines. Optimised at once, as what the tiers make of masks depends on the profile.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static nint SkipRegular512(ref byte start, nint length) => Skip512(ref start, length, watchNul: false);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static nint SkipRegularWithoutNul512(ref byte start, nint length) => Skip512(ref start, length, watchNul: true);

    /// <summary>Goes over regular text in steps of 512 octets, then of 64, after the first 32 octets were found regular.</summary>
    /// <returns>
    /// Up to where there is nothing irregular, but for the pair of the octet in front of it with the one there. 0 if nothing was skipped.
    /// </returns>
    /// <remarks>
    /// <para>
    /// Compares of 512 bits give masks, which one port of Intel's processors makes and one other moves to a general register: they are what there is least
    /// of, so there are two for each vector and no more. The mask of LFs also selects the octets behind the LFs, less a dot, in place of the LFs themselves, so
    /// that one minimum over the step is 0 for a dot behind an LF and for a NUL.
    /// </para>
    /// <para>
    /// In the processor's own terms, as the portable ones keep that mask in a vector and move it to and fro. What was measured is in benchmarks/README.md.
    /// </para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Skip512(ref byte start, nint length, bool watchNul)
    {
        nint i = Vector512<byte>.Count - (Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref start) & (Vector512<byte>.Count - 1));
        if (i > Vector256<byte>.Count
            && (Irregular256(ref start, 1) != Vector256<byte>.Zero || (watchNul && Vector256.EqualsAny(Load256(ref start, 1), Vector256<byte>.Zero))))
        {
            return 0;
        }

        nint first = i;
        ulong carry = Carry512(ref start, i);
        for (; i < length - (8 * Vector512<byte>.Count); i += 8 * Vector512<byte>.Count)
        {
            ref byte step = ref Unsafe.Add(ref start, i);
            ulong endings = 0;
            Vector512<byte> a = Vector512.Min(Look512(ref step, 0, watchNul, ref carry, ref endings), Look512(ref step, 1, watchNul, ref carry, ref endings));
            Vector512<byte> b = Vector512.Min(Look512(ref step, 2, watchNul, ref carry, ref endings), Look512(ref step, 3, watchNul, ref carry, ref endings));
            Vector512<byte> c = Vector512.Min(Look512(ref step, 4, watchNul, ref carry, ref endings), Look512(ref step, 5, watchNul, ref carry, ref endings));
            Vector512<byte> d = Vector512.Min(Look512(ref step, 6, watchNul, ref carry, ref endings), Look512(ref step, 7, watchNul, ref carry, ref endings));
            if ((endings | Zeros512(Vector512.Min(Vector512.Min(a, b), Vector512.Min(c, d)))) != 0)
            {
                break;
            }
        }

        carry = Carry512(ref start, i);
        for (; i < length - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            ulong endings = 0;
            Vector512<byte> least = Look512(ref Unsafe.Add(ref start, i), 0, watchNul, ref carry, ref endings);
            if ((endings | Zeros512(least)) != 0)
            {
                break;
            }
        }

        return i == first ? 0 : i;
    }

    /// <summary>1 if a CR is in front of a position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Carry512(ref byte start, nint position) => Unsafe.Add(ref start, position - 1) == CarriageReturn ? 1UL : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Zeros512(Vector512<byte> octets) => Vector512.Equals(octets, Vector512<byte>.Zero).ExtractMostSignificantBits();

    /// <summary>Looks at one vector of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="index">Which of its vectors.</param>
    /// <param name="watchNul">Whether NULs matter.</param>
    /// <param name="carry">1 if the octet in front of the vector is a CR; then whether the vector's last one is.</param>
    /// <param name="endings">Gets a bit for each octet that is an LF or stands behind a CR, but not both.</param>
    /// <returns>0 where an LF with a dot behind it is, and a NUL if they matter.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Look512(ref byte step, nuint index, bool watchNul, ref ulong carry, ref ulong endings)
    {
        Vector512<byte> octets = Vector512.LoadUnsafe(ref step, index * 64);
        Vector512<byte> feeds = Avx512BW.CompareEqual(octets, Vector512.Create(LineFeed));
        ulong returns = Vector512.Equals(octets, Vector512.Create(CarriageReturn)).ExtractMostSignificantBits();
        endings |= ((returns << 1) | carry) ^ feeds.ExtractMostSignificantBits();
        carry = returns >> 63;
        return Avx512BW.BlendVariable(
            watchNul ? octets : Vector512.Create((byte)1),
            Avx512BW.Subtract(Vector512.LoadUnsafe(ref step, (index * 64) + 1), Vector512.Create(Dot)),
            feeds);
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
