using System.IO.Pipelines;
using System.Net;

namespace Smtp.Server;

/// <summary>A connection over a pair of pipes that the application handed in.</summary>
internal sealed class DuplexPipeTransport(AcceptedConnection connection) : ConnectionTransport
{
    private IDuplexPipe _pipe = connection.Transport;
    private volatile DuplexPipeStream _stream = new(connection.Transport);

    /// <inheritdoc/>
    internal override Stream Stream => _stream;

    /// <inheritdoc/>
    internal override EndPoint? LocalEndPoint => connection.LocalEndPoint;

    /// <inheritdoc/>
    internal override EndPoint? RemoteEndPoint => connection.RemoteEndPoint;

    /// <inheritdoc/>
    internal override bool IsClosedByPeer(bool isTls) => connection.Closed.IsCancellationRequested;

    // A pipe tells only to who reads.

    /// <inheritdoc/>
    internal override bool HasInput => false;

    /// <inheritdoc/>
    internal override Func<CancellationToken, ValueTask<EstablishedTls>>? TlsHandshake => connection.TlsHandshake;

    /// <inheritdoc/>
    internal override void Upgrade(IDuplexPipe pipe)
    {
        // The plaintext pipe now belongs to whoever made the handshake.
        _pipe = pipe;
        _stream = new DuplexPipeStream(pipe);
    }

    /// <inheritdoc/>
    internal override void EndReading() => _stream.EndReading();

    /// <inheritdoc/>
    internal override void EndWriting() => _pipe.Output.Complete();

    /// <inheritdoc/>
    internal override void Abort()
    {
        _stream.Abort();
        connection.Abort?.Invoke();
    }
}
