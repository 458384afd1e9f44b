using System.Buffers;
using System.Security.Cryptography;

namespace Smtp.Core;

/// <summary>Holds a SASL response until it is on the wire; then its octets are overwritten.</summary>
internal sealed class SecretBuffer : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[256];
    private int _length;

    internal ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, _length);

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffer.Length - _length < Math.Max(sizeHint, 1))
        {
            byte[] larger = new byte[Math.Max(_length + sizeHint, _buffer.Length * 2)];
            _buffer.AsSpan(0, _length).CopyTo(larger);
            CryptographicOperations.ZeroMemory(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    internal void Clear()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _length = 0;
    }
}
