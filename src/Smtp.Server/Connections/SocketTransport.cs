using System.Net;
using System.Net.Sockets;

namespace Smtp.Server;

/// <summary>A connection over a socket.</summary>
internal sealed class SocketTransport(Socket socket) : ConnectionTransport
{
    /// <inheritdoc/>
    internal override Stream Stream { get; } = new SocketStream(socket);

    /// <inheritdoc/>
    internal override EndPoint? LocalEndPoint { get; } = Unmapped(socket.LocalEndPoint);

    /// <inheritdoc/>
    internal override EndPoint? RemoteEndPoint { get; } = Unmapped(socket.RemoteEndPoint);

    /// <summary>Whether what is written goes out at once.</summary>
    internal bool NoDelay => socket.NoDelay;

    /// <inheritdoc/>
    internal override bool IsClosedByPeer
    {
        get
        {
            try
            {
                return socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return true;
            }
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
