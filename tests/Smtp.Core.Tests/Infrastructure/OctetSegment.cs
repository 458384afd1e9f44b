using System.Buffers;

namespace Smtp.Core.Tests;

/// <summary>One segment of a sequence; the way to build one that is cut where a test wants it cut.</summary>
internal sealed class OctetSegment : ReadOnlySequenceSegment<byte>
{
    private OctetSegment(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    /// <summary>A sequence with exactly these segments, empty ones included.</summary>
    public static ReadOnlySequence<byte> Sequence(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        if (pieces.Count == 0)
        {
            return ReadOnlySequence<byte>.Empty;
        }

        var first = new OctetSegment(pieces[0], 0);
        OctetSegment last = first;
        for (int i = 1; i < pieces.Count; i++)
        {
            var next = new OctetSegment(pieces[i], last.RunningIndex + last.Memory.Length);
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
