using System.Net;
using System.Net.Sockets;
using System.Text;

/// <summary>
/// The least that a .NET client can do with a read and a write a message: writes a message's body and the next one's envelope, and waits until so many lines have
/// come as are owed. Understands nothing of them.
/// </summary>
internal sealed class BareConnection : IDisposable
{
    private const int LinesOfMessage = 4;

    private static readonly byte[] Envelope = "MAIL FROM:<sender@example.com>\r\nRCPT TO:<recipient@example.net>\r\nDATA\r\n"u8.ToArray();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _input = new byte[4096];
    private readonly byte[] _bodyAndEnvelope;
    private readonly int _bodyLength;
    private int _lines;

    private BareConnection(byte[] content)
    {
        byte[] body = [.. content, .. ".\r\n"u8];
        _bodyLength = body.Length;
        _bodyAndEnvelope = [.. body, .. Envelope];
    }

    internal static async Task<BareConnection> ConnectAsync(int port, byte[] content)
    {
        var connection = new BareConnection(content);
        await connection._socket.ConnectAsync(IPAddress.Loopback, port);
        await connection.ReadLinesAsync(1);
        await connection._socket.SendAsync(Encoding.ASCII.GetBytes("EHLO client.example\r\n"));
        do
        {
            connection._lines = 0;
            await connection.ReadLinesAsync(1);
        }
        while (connection._input.AsSpan().IndexOf("\r\n250 "u8) < 0);
        return connection;
    }

    /// <summary>Sends so many messages one behind the other.</summary>
    internal async Task SendAsync(int count)
    {
        if (count == 0)
        {
            return;
        }

        _lines = 0;
        await _socket.SendAsync(Envelope);
        await ReadLinesAsync(LinesOfMessage - 1);
        for (int i = 1; i < count; i++)
        {
            await _socket.SendAsync(_bodyAndEnvelope);
            await ReadLinesAsync(LinesOfMessage);
        }

        await _socket.SendAsync(_bodyAndEnvelope.AsMemory(0, _bodyLength));
        await ReadLinesAsync(1);
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask ReadLinesAsync(int count)
    {
        while (_lines < count)
        {
            int length = await _socket.ReceiveAsync(_input);
            if (length == 0)
            {
                throw new EndOfStreamException();
            }

            _lines += _input.AsSpan(0, length).Count((byte)'\n');
        }

        _lines -= count;
    }
}
