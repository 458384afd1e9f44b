using Relay.Spool;

namespace Relay.Http;

/// <summary>Sums of events, and how long deliveries took. Adds up exactly; times are told to within a twelfth.</summary>
internal sealed class FigureCounts
{
    /// <summary>What is counted, in the order of the stored form: never changed, only added to.</summary>
    internal enum Slot
    {
        Accepted = 0,
        Scheduled = 1,
        Deferred = 2,
        Delivered = 3,
        BouncedHard = 4,
        BouncedSoft = 5,
        Complained = 6,
        Suppressed = 7,
        Canceled = 8,
        Expired = 9,
        Opened = 10,
        Clicked = 11,
        FirstOpened = 12,
        FirstClicked = 13,
        FirstDeferred = 14,
    }

    /// <summary>The reason of an open or click that is the first of its recipient.</summary>
    internal const string FirstTime = "first";

    private const int Slots = 15;
    private const byte FormatVersion = 1;

    private readonly long[] _slots = new long[Slots];

    // By the bucket of LatencyBucket, up to the highest that was counted.
    private long[] _latencies = [];

    internal long this[Slot slot] => _slots[(int)slot];

    /// <summary>Counts an event.</summary>
    internal void Add(SpoolEvent happened)
    {
        switch (happened.Type)
        {
            case SpoolEventType.Accepted:
                Count(Slot.Accepted);
                break;
            case SpoolEventType.Scheduled:
                Count(Slot.Scheduled);
                break;
            case SpoolEventType.Deferred:
                Count(Slot.Deferred);
                if (happened.Attempt == 1)
                {
                    Count(Slot.FirstDeferred);
                }

                break;
            case SpoolEventType.Delivered:
                Count(Slot.Delivered);
                AddLatency(LatencyBucket((long)happened.Latency.TotalMilliseconds), 1);
                break;
            case SpoolEventType.Bounced:
                Count(happened.BounceClass == BounceClass.Soft ? Slot.BouncedSoft : Slot.BouncedHard);
                break;
            case SpoolEventType.Complained:
                Count(Slot.Complained);
                break;
            case SpoolEventType.Suppressed:
                Count(Slot.Suppressed);
                break;
            case SpoolEventType.Canceled:
                Count(Slot.Canceled);
                break;
            case SpoolEventType.Expired:
                Count(Slot.Expired);
                break;
            case SpoolEventType.Opened:
                Count(Slot.Opened);
                if (happened.Reason == FirstTime)
                {
                    Count(Slot.FirstOpened);
                }

                break;
            case SpoolEventType.Clicked:
                Count(Slot.Clicked);
                if (happened.Reason == FirstTime)
                {
                    Count(Slot.FirstClicked);
                }

                break;
            default:
                // Held, released, quarantined: what an operator does is no figure of a mailing.
                break;
        }
    }

    /// <summary>Adds other sums.</summary>
    internal void Add(FigureCounts other)
    {
        for (int i = 0; i < Slots; i++)
        {
            _slots[i] += other._slots[i];
        }

        for (int bucket = 0; bucket < other._latencies.Length; bucket++)
        {
            AddLatency(bucket, other._latencies[bucket]);
        }
    }

    /// <summary>The time within which a part of all deliveries were made, in milliseconds; null if there were none.</summary>
    /// <param name="part">From 0 to 1.</param>
    internal long? Percentile(double part)
    {
        long total = 0;
        foreach (long count in _latencies)
        {
            total += count;
        }

        long rank = Math.Max(1, (long)Math.Ceiling(total * part));
        for (int bucket = 0; bucket < _latencies.Length; bucket++)
        {
            rank -= _latencies[bucket];
            if (rank <= 0)
            {
                return LatencyOf(bucket);
            }
        }

        return null;
    }

    /// <summary>The stored form: a version, the slots, the pairs of bucket and count; all as variable-length integers.</summary>
    internal byte[] ToBytes()
    {
        using var bytes = new MemoryStream(64);
        using var writer = new BinaryWriter(bytes);
        writer.Write(FormatVersion);
        writer.Write7BitEncodedInt(Slots);
        foreach (long slot in _slots)
        {
            writer.Write7BitEncodedInt64(slot);
        }

        int before = 0;
        for (int bucket = 0; bucket < _latencies.Length; bucket++)
        {
            if (_latencies[bucket] > 0)
            {
                writer.Write7BitEncodedInt(bucket - before);
                writer.Write7BitEncodedInt64(_latencies[bucket]);
                before = bucket;
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Adds what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">A newer version wrote it.</exception>
    internal void AddBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[0] != FormatVersion)
        {
            throw new InvalidDataException("The figures were written by a newer version of the relay.");
        }

        bytes = bytes[1..];
        int slots = (int)Take(ref bytes);
        for (int i = 0; i < slots; i++)
        {
            long value = Take(ref bytes);
            if (i < Slots)
            {
                _slots[i] += value;
            }
        }

        int bucket = 0;
        while (!bytes.IsEmpty)
        {
            bucket += (int)Take(ref bytes);
            AddLatency(bucket, Take(ref bytes));
        }
    }

    /// <summary>Eight buckets for each doubling: below 8 ms each is a bucket of its own.</summary>
    internal static int LatencyBucket(long milliseconds)
    {
        long value = Math.Max(0, milliseconds);
        if (value < 8)
        {
            return (int)value;
        }

        int octave = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)value);
        return ((octave - 2) * 8) + (int)((value >> (octave - 3)) & 7);
    }

    /// <summary>The middle of a bucket.</summary>
    internal static long LatencyOf(int bucket)
    {
        if (bucket < 8)
        {
            return bucket;
        }

        int octave = (bucket / 8) + 2;
        long width = 1L << (octave - 3);
        return (1L << octave) + ((bucket % 8) * width) + (width / 2);
    }

    private static long Take(ref ReadOnlySpan<byte> bytes)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte octet = bytes[0];
            bytes = bytes[1..];
            value |= (long)(octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return value;
            }
        }
    }

    private void AddLatency(int bucket, long count)
    {
        if (bucket >= _latencies.Length)
        {
            Array.Resize(ref _latencies, Math.Max(bucket + 1, Math.Min(_latencies.Length * 2, LatencyBucket(long.MaxValue) + 1)));
        }

        _latencies[bucket] += count;
    }

    private void Count(Slot slot) => _slots[(int)slot]++;
}
