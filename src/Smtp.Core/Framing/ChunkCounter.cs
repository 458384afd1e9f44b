using System.Buffers;

namespace Smtp.Core;

/// <summary>Counts the octets of one BDAT chunk (RFC 3030 §2): they are opaque, and their number alone says where they end.</summary>
public struct ChunkCounter
{
    /// <summary>Starts a chunk.</summary>
    /// <param name="size">The size of the chunk in octets, 0 or more.</param>
    public ChunkCounter(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        Remaining = size;
    }

    /// <summary>The octets of the chunk still to come.</summary>
    public long Remaining { get; private set; }

    /// <summary>Reads one piece of the chunk.</summary>
    /// <param name="input">The unread octets; what was consumed is sliced off.</param>
    /// <param name="chunk">The piece on <see cref="BodyStatus.Chunk"/>, else empty. Valid as long as the input's memory.</param>
    public BodyStatus Read(ref ReadOnlySequence<byte> input, out ReadOnlyMemory<byte> chunk)
    {
        chunk = default;
        if (Remaining == 0)
        {
            return BodyStatus.End;
        }

        SequencePosition position = input.Start;
        while (input.TryGet(ref position, out ReadOnlyMemory<byte> memory))
        {
            if (memory.IsEmpty)
            {
                continue;
            }

            int length = (int)Math.Min(memory.Length, Remaining);
            Remaining -= length;
            chunk = memory[..length];
            input = input.Slice(length);
            return BodyStatus.Chunk;
        }

        return BodyStatus.NeedInput;
    }
}
