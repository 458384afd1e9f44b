using System.Net.Sockets;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>
/// A socket that serves an honest client badly: what is written goes out in pieces of any size and ends, by whatever end, at one octet of the wire. Under TLS
/// that is anywhere in the handshake, too.
/// </summary>
internal sealed class HostileStream(Socket socket, Random random, HostileEnding ending, long budget) : AsyncStream
{
    private readonly bool _slow = random.Next(8) == 0;
    private readonly int _largest = random.Next(3) switch { 0 => 1 << 20, 1 => 100, _ => 1400 };
    private long _written;

    /// <summary>Whether the wire was cut: the octets behind were not sent.</summary>
    internal bool IsCut { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_slow)
        {
            await Task.Delay(random.Next(4), cancellationToken);
            buffer = buffer[..Math.Min(buffer.Length, 7)];
        }

        return await socket.ReceiveAsync(buffer, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            int length = (int)Math.Min(Math.Min(buffer.Length, 1 + random.Next(_largest)), budget - _written);
            if (length > 0)
            {
                _written += await socket.SendAsync(buffer[..length], cancellationToken);
                buffer = buffer[length..];
                continue;
            }

            Cut();
            throw new WireCutException();
        }
    }

    private void Cut()
    {
        IsCut = true;
        switch (ending)
        {
            case HostileEnding.Reset:
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
                break;
            case HostileEnding.Close:
                socket.Dispose();
                break;
            case HostileEnding.HalfClose:
                socket.Shutdown(SocketShutdown.Send);
                break;
        }
    }
}
