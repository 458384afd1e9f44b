using System.Buffers;

namespace Smtp.Server;

/// <summary>
/// The octets received and not yet consumed, in one rented array: one segment, so that the session's fast path always holds. What is left of a line
/// moves to the front before the next read; it is never longer than a line's limit.
/// </summary>
internal sealed class ReceiveBuffer
{
    // Commands and small messages fit; an idle connection holds nothing.
    private const int SmallLength = 4 * 1024;

    // Reads of a large body: fewer system calls, and the array goes back when the body is over.
    private const int LargeLength = 64 * 1024;

    private byte[] _array = [];
    private int _start;
    private int _end;
    private bool _wasFilled;

    /// <summary>Whether nothing is left.</summary>
    internal bool IsEmpty => _start == _end;

    /// <summary>What was received and not consumed.</summary>
    internal ReadOnlySequence<byte> Unconsumed => new(_array, _start, _end - _start);

    /// <summary>Says that all but the last octets are consumed.</summary>
    internal void KeepLast(long length) => _start = _end - (int)length;

    /// <summary>Room for a read.</summary>
    /// <param name="inBody">Whether a body is coming in, for which large reads pay.</param>
    internal Memory<byte> GetMemory(bool inBody)
    {
        int left = _end - _start;
        int wanted = inBody && _wasFilled ? LargeLength : Math.Max(SmallLength, left * 2);
        if (_array.Length < wanted || (left == 0 && _array.Length > wanted))
        {
            byte[] array = ArrayPool<byte>.Shared.Rent(wanted);
            _array.AsSpan(_start, left).CopyTo(array);
            Return();
            _array = array;
            _start = 0;
            _end = left;
        }
        else if (_start > 0)
        {
            _array.AsSpan(_start, left).CopyTo(_array);
            _start = 0;
            _end = left;
        }

        return _array.AsMemory(_end);
    }

    /// <summary>Says how much was read into the memory given last.</summary>
    internal void Commit(int count)
    {
        _end += count;
        _wasFilled = _end == _array.Length;
    }

    /// <summary>Drops everything, as before a TLS handshake and at the end.</summary>
    internal void Release()
    {
        Return();
        _array = [];
        _start = 0;
        _end = 0;
        _wasFilled = false;
    }

    private void Return()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
    }
}
