using System.Net;
using System.Net.Sockets;

namespace Smtp.Server;

/// <summary>A connection over a socket.</summary>
internal sealed class SocketTransport(Socket socket) : ConnectionTransport
{
    // A close_notify in any cipher suite: 5 octets of record header, 2 of alert, and what a CBC suite adds.
    private const int LongestAlert = 64;

    /// <inheritdoc/>
    internal override Stream Stream { get; } = new SocketStream(socket);

    /// <inheritdoc/>
    internal override EndPoint? LocalEndPoint { get; } = Unmapped(socket.LocalEndPoint);

    /// <inheritdoc/>
    internal override EndPoint? RemoteEndPoint { get; } = Unmapped(socket.RemoteEndPoint);

    /// <summary>Whether what is written goes out at once.</summary>
    internal bool NoDelay => socket.NoDelay;

    /// <inheritdoc/>
    internal override bool IsClosedByPeer(bool isTls)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && (socket.Available is int waiting && (waiting == 0 || (isTls && waiting <= LongestAlert && HasPeerEnded())));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <inheritdoc/>
    internal override bool HasInput
    {
        get
        {
            try
            {
                return socket.Available > 0;
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    // Shutting the receiving side down completes a pending read with 0 octets. It costs nothing until it is needed, where a token for each read
    // would cost a registration a read.

    /// <inheritdoc/>
    internal override void EndReading() => Shutdown(SocketShutdown.Receive);

    /// <inheritdoc/>
    internal override void EndWriting() => Shutdown(SocketShutdown.Send);

    // A reset: an orderly close would keep what the peer does not read in the kernel's memory for minutes.

    /// <inheritdoc/>
    internal override void Abort() => socket.Close(0);

    /// <summary>Whether the peer's FIN is here though octets in front of it were not read: TCP's state, which only Linux is asked for.</summary>
    private bool HasPeerEnded()
    {
        const int Tcp = 6;
        const int TcpInfo = 11;
        const byte Established = 1;
        Span<byte> state = stackalloc byte[1];
        return OperatingSystem.IsLinux() && socket.ProtocolType == ProtocolType.Tcp && socket.GetRawSocketOption(Tcp, TcpInfo, state) == 1 && state[0] != Established;
    }

    private void Shutdown(SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The peer was faster.
        }
    }
}
