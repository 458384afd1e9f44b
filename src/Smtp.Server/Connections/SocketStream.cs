using System.Net.Sockets;

namespace Smtp.Server;

/// <summary>
/// A socket as a stream that writes at once: replies nearly always fit the send buffer, and only those that do not cost the connection what .NET keeps for
/// an asynchronous send (360 octets for as long as the socket lives).
/// </summary>
internal sealed class SocketStream : NetworkStream
{
    internal SocketStream(Socket socket)
        : base(socket, ownsSocket: true) => socket.Blocking = false;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int sent = Socket.Send(buffer.Span, SocketFlags.None, out SocketError error);

        // Whatever was not success, the asynchronous send meets it again and says it in the way of streams.
        return error == SocketError.Success && sent == buffer.Length
            ? ValueTask.CompletedTask
            : base.WriteAsync(buffer[(error == SocketError.Success ? sent : 0)..], cancellationToken);
    }

    /// <summary>Reads what is there already.</summary>
    /// <returns>How much; 0 also at the end and on an error, which the next read meets again.</returns>
    internal int ReadAvailable(Span<byte> buffer)
    {
        int count = Socket.Receive(buffer, SocketFlags.None, out SocketError error);
        return error == SocketError.Success ? count : 0;
    }
}
