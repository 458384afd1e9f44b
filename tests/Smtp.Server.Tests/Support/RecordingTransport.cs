using System.Net;
using System.Text;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>A client that says these pieces and goes. Keeps what the server lent it to put them into.</summary>
internal sealed class RecordingTransport(params string[] pieces) : ConnectionTransport
{
    private readonly OneWay _stream = new(pieces);

    /// <summary>Each place that octets were put into.</summary>
    internal List<Memory<byte>> Received => _stream.Received;

    internal override Stream Stream => _stream;

    internal override EndPoint? LocalEndPoint => null;

    internal override EndPoint? RemoteEndPoint => null;

    internal override bool HasInput => false;

    internal override bool IsClosedByPeer(bool isTls) => false;

    internal override void EndReading()
    {
    }

    internal override void EndWriting()
    {
    }

    internal override void Abort()
    {
    }

    private sealed class OneWay(string[] pieces) : AsyncStream
    {
        private readonly Queue<ReadOnlyMemory<byte>> _pieces = new(pieces.Select(piece => (ReadOnlyMemory<byte>)Encoding.Latin1.GetBytes(piece)));
        private ReadOnlyMemory<byte> _left;

        internal List<Memory<byte>> Received { get; } = [];

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left.IsEmpty && !_pieces.TryDequeue(out _left))
            {
                return ValueTask.FromResult(0);
            }

            int count = Math.Min(_left.Length, buffer.Length);
            _left[..count].CopyTo(buffer);
            _left = _left[count..];
            Received.Add(buffer[..count]);
            return ValueTask.FromResult(count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
