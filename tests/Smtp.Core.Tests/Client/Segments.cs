using System.Buffers;

namespace Smtp.Core.Tests.Client;

/// <summary>Builds sequences of several segments.</summary>
internal static class Segments
{
    /// <summary>The octets in segments that end at the given positions.</summary>
    internal static ReadOnlySequence<byte> Split(ReadOnlyMemory<byte> octets, params int[] positions)
    {
        var first = new Segment(ReadOnlyMemory<byte>.Empty, null);
        Segment last = first;
        int start = 0;
        foreach (int position in positions.Append(octets.Length))
        {
            last = new Segment(octets[start..position], last);
            start = position;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
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
