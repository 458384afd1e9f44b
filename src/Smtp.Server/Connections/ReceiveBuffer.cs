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
    // reads of a socket would hold nothing at all but cost two more system calls for each message.
    private const int IdleLength = 128;

    // Once something has come: what a client sends at once, several small messages among it, or a long list of recipients.
    private const int FlightLength = 16 * 1024;

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

    /// <summary>Whether the last read left no room, so that more may be there.</summary>
    internal readonly bool WasFilled => _wasFilled;

    /// <summary>What was received and not consumed.</summary>
    internal readonly ReadOnlySequence<byte> Unconsumed => _array is null ? default : new(_array, _start, _end - _start);

    /// <summary>Says that all but the last octets are consumed.</summary>
    internal void KeepLast(long length) => _start = _end - (int)length;

    /// <summary>Room for a read.</summary>
    /// <param name="phase">What is awaited: it tells how much may come at once.</param>
    /// <param name="hasCome">Whether something waits to be read already, so that the room is not held for long.</param>
    internal Memory<byte> GetMemory(ServerPhase phase, bool hasCome = false)
    {
        int left = _end - _start;
        int wanted = phase switch
        {
            ServerPhase.Body or ServerPhase.Chunk => _wasFilled ? LargeLength : SmallLength,
            ServerPhase.Greeted or ServerPhase.Ready or ServerPhase.Refused => hasCome ? FlightLength : IdleLength,
            _ => hasCome ? FlightLength : SmallLength,
        };
        wanted = Math.Max(wanted, left * 2);

        // A large one goes back also where a part of a line is left: who sends that and stops is not to hold it.
        if (_array is null || _array.Length < wanted || _array.Length > (left == 0 ? wanted : wanted * 2))
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
        // Who goes in the middle of AUTH's line, or before its verdict, leaves a secret that nobody has said to be one.
        HoldsSecret |= !IsEmpty;
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
