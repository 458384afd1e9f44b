using System.Buffers;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// The octets received and not yet consumed, in one rented array: one segment, so that the session's fast path always holds. What is left of a line
/// moves to the front before the next read; it is never longer than a line's limit.
/// </summary>
/// <remarks>A mutable struct that its connection holds in a field: an object for it would be 24 octets more for each idle connection.</remarks>
internal struct ReceiveBuffer
{
    // Between two messages, where a connection may idle for minutes: a usual pipelined envelope fits, and one that does not costs one more read. Zero-byte
    // reads would hold nothing at all but cost two more system calls for each message.
    private const int IdleLength = 128;

    // Inside a transaction: many recipients, or a small message, fit.
    private const int SmallLength = 4 * 1024;

    // Reads of a large body: fewer system calls, and the array goes back when the body is over.
    private const int LargeLength = 64 * 1024;

    private byte[]? _array;
    private int _start;
    private int _end;
    private bool _wasFilled;

    /// <summary>Whether a secret was received since the array was rented: it is then wiped before others get it.</summary>
    internal bool HoldsSecret { readonly get; set; }

    /// <summary>Whether nothing is left.</summary>
    internal readonly bool IsEmpty => _start == _end;

    /// <summary>What was received and not consumed.</summary>
    internal readonly ReadOnlySequence<byte> Unconsumed => _array is null ? default : new(_array, _start, _end - _start);

    /// <summary>Says that all but the last octets are consumed.</summary>
    internal void KeepLast(long length) => _start = _end - (int)length;

    /// <summary>Room for a read.</summary>
    /// <param name="phase">What is awaited: it tells how much may come at once.</param>
    internal Memory<byte> GetMemory(ServerPhase phase)
    {
        int left = _end - _start;
        int wanted = phase switch
        {
            ServerPhase.Body or ServerPhase.Chunk => _wasFilled ? LargeLength : SmallLength,
            ServerPhase.Greeted or ServerPhase.Ready or ServerPhase.Refused => _wasFilled ? SmallLength : IdleLength,
            _ => SmallLength,
        };
        wanted = Math.Max(wanted, left * 2);
        if (_array is null || _array.Length < wanted || (left == 0 && _array.Length > wanted))
        {
            byte[] array = ArrayPool<byte>.Shared.Rent(wanted);
            _array.AsSpan(_start, left).CopyTo(array);

            // A partial line may be an AUTH whose verdict, which tells that it is one, comes when it is whole.
            HoldsSecret |= left > 0;
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
        _wasFilled = _end == _array!.Length;
    }

    /// <summary>Drops everything, as before a TLS handshake and at the end.</summary>
    internal void Release()
    {
        Return();
        _array = null;
        _start = 0;
        _end = 0;
        _wasFilled = false;
    }

    private void Return()
    {
        if (_array is not null)
        {
            ArrayPool<byte>.Shared.Return(_array, clearArray: HoldsSecret);
            HoldsSecret = false;
        }
    }
}
