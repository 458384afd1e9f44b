using System.IO.Pipelines;
using System.Net;

namespace Smtp.Server;

/// <summary>What carries a connection's octets, before any TLS.</summary>
internal abstract class ConnectionTransport : IAsyncDisposable
{
    /// <summary>The octets both ways.</summary>
    internal abstract Stream Stream { get; }

    /// <summary>The server's side.</summary>
    internal abstract EndPoint? LocalEndPoint { get; }

    /// <summary>The client's side.</summary>
    internal abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether the peer has gone, as far as can be told without reading. May be called while the connection waits for something else.</summary>
    /// <param name="isTls">Whether the last thing that waits to be read may be TLS's close_notify, which is no input.</param>
    internal abstract bool IsClosedByPeer(bool isTls);

    /// <summary>Whether octets wait to be read, as far as can be told without reading.</summary>
    internal abstract bool HasInput { get; }

    /// <summary>Makes the handshake in place of the server; null where the server does it itself.</summary>
    internal virtual Func<CancellationToken, ValueTask<EstablishedTls>>? TlsHandshake => null;

    /// <summary>
    /// Ends the read that is pending, and all later ones, as if the peer had closed its side; what is written still goes out. May be called from any
    /// thread.
    /// </summary>
    internal abstract void EndReading();

    /// <summary>Tells the peer that nothing more comes.</summary>
    internal abstract void EndWriting();

    /// <summary>Cuts the connection at once, also under pending reads and writes. May be called from any thread and more than once.</summary>
    internal abstract void Abort();

    /// <summary>Goes on over what <see cref="TlsHandshake"/> made.</summary>
    internal virtual void Upgrade(IDuplexPipe pipe) => throw new NotSupportedException();

    /// <summary>
    /// An IPv4 address as such: a socket that listens for both families tells it as <c>::ffff:192.0.2.1</c>, and neither a policy nor a Received field
    /// should have to know that.
    /// </summary>
    internal static EndPoint? Unmapped(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
