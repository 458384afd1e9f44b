using System.Buffers;

namespace Smtp.Client.Tests;

/// <summary>Memory in pieces.</summary>
internal static class Segments
{
    internal static ReadOnlySequence<byte> Of(byte[] content, int length)
    {
        Segment? first = null;
        Segment? last = null;
        foreach (byte[] piece in content.Chunk(length))
        {
            last = new Segment(piece, last);
            first ??= last;
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
