using System.Buffers;

namespace Relay.Delivery;

/// <summary>Two pieces of memory as one sequence.</summary>
internal sealed class JoinedSegment : ReadOnlySequenceSegment<byte>
{
    private JoinedSegment(ReadOnlyMemory<byte> memory, long index)
    {
        Memory = memory;
        RunningIndex = index;
    }

    /// <summary>Joins.</summary>
    internal static ReadOnlySequence<byte> Join(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second)
    {
        if (first.IsEmpty)
        {
            return new ReadOnlySequence<byte>(second);
        }

        var start = new JoinedSegment(first, 0);
        var end = new JoinedSegment(second, first.Length);
        start.Next = end;
        return new ReadOnlySequence<byte>(start, 0, end, second.Length);
    }
}
