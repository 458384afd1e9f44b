using System.Buffers;

namespace Smtp.Server;

/// <summary>The replies not yet sent, in one rented array that goes back at each flush.</summary>
internal sealed class SendBuffer : IBufferWriter<byte>
{
    private const int SmallLength = 512;

    private byte[] _array = [];
    private int _length;

    /// <summary>Whether nothing is to be sent.</summary>
    internal bool IsEmpty => _length == 0;

    /// <summary>What is to be sent.</summary>
    internal ReadOnlyMemory<byte> Written => _array.AsMemory(0, _length);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _length);
        _length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(_length);
    }

    /// <summary>Forgets what was written and gives the array back.</summary>
    internal void Release()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = [];
        }

        _length = 0;
    }

    private void Reserve(int sizeHint)
    {
        int needed = _length + Math.Max(sizeHint, 1);
        if (needed <= _array.Length)
        {
            return;
        }

        byte[] array = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(SmallLength, _array.Length * 2)));
        _array.AsSpan(0, _length).CopyTo(array);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = array;
    }
}
