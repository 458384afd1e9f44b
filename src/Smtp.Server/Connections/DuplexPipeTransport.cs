using System.IO.Pipelines;
using System.Net;

namespace Smtp.Server;

/// <summary>A connection over a pair of pipes that the application handed in.</summary>
internal sealed class DuplexPipeTransport(IDuplexPipe pipe, EndPoint? local, EndPoint? remote) : ConnectionTransport
{
    private readonly DuplexPipeStream _stream = new(pipe);

    /// <inheritdoc/>
    internal override Stream Stream => _stream;

    /// <inheritdoc/>
    internal override EndPoint? LocalEndPoint => local;

    /// <inheritdoc/>
    internal override EndPoint? RemoteEndPoint => remote;

    // A pipe tells only to who reads.

    /// <inheritdoc/>
    internal override bool IsClosedByPeer => false;

    /// <inheritdoc/>
    internal override bool HasInput => false;

    /// <inheritdoc/>
    internal override void EndReading() => _stream.EndReading();

    /// <inheritdoc/>
    internal override void EndWriting() => pipe.Output.Complete();

    /// <inheritdoc/>
    internal override void Abort() => _stream.Abort();
}
