using System.Buffers;

namespace Smtp.Client.Tests;

/// <summary>Memory in pieces.</summary>
internal static class Segments
{
    internal static ReadOnlySequence<byte> Of(byte[] content, int length) => Of(content.Chunk(length));

    /// <summary>Any pieces, be they empty.</summary>
    internal static ReadOnlySequence<byte> Of(IEnumerable<byte[]> pieces)
    {
        Segment? first = null;
        Segment? last = null;
        foreach (byte[] piece in pieces)
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
