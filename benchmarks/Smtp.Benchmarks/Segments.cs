using System.Buffers;

namespace Smtp.Benchmarks;

/// <summary>A sequence in pieces.</summary>
internal static class Segments
{
    internal static ReadOnlySequence<byte> Of(byte[] octets, int length)
    {
        Segment? first = null;
        Segment? last = null;
        for (int i = 0; i < octets.Length; i += length)
        {
            last = new Segment(octets.AsMemory(i, Math.Min(length, octets.Length - i)), last);
            first ??= last;
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            if (before is not null)
            {
                before.Next = this;
            }
        }
    }
}
