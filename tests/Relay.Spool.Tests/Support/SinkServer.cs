using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Smtp.Server;

namespace Relay.Spool.Tests;

/// <summary>A server over a spool, and a client that shares no code with it.</summary>
internal sealed class SinkServer : IAsyncDisposable
{
    private readonly SmtpServer _server;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    internal SinkServer(SqliteSpool spool, Func<SpoolSinkOptions, SpoolSinkOptions>? with = null)
    {
        var options = new SpoolSinkOptions { HostName = "relay.example.com" };
        _server = new SmtpServer(new SmtpServerOptions
        {
            HostName = "relay.example.com",
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = new SpoolSink(spool, with?.Invoke(options) ?? options, NullLogger.Instance),
        });
        _server.Start();
    }

    private NetworkStream Stream { get; set; } = null!;

    internal async Task<SinkServer> ConnectAsync()
    {
        await _socket.ConnectAsync(_server.EndPoints[0], TestContext.Current.CancellationToken);
        Stream = new NetworkStream(_socket);
        Assert.StartsWith("220", await ReplyAsync(), StringComparison.Ordinal);
        Assert.StartsWith("250", await SayAsync("EHLO client.example.com"), StringComparison.Ordinal);
        return this;
    }

    internal async Task<string> SayAsync(string line)
    {
        await Stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), TestContext.Current.CancellationToken);
        return await ReplyAsync();
    }

    /// <summary>Sends a message of a@example.com, and returns the last reply.</summary>
    internal async Task<string> SendAsync(string content, string recipient = "b@example.net", string parameters = "")
    {
        Assert.StartsWith("250", await SayAsync($"MAIL FROM:<a@example.com>{parameters}"), StringComparison.Ordinal);
        Assert.StartsWith("250", await SayAsync($"RCPT TO:<{recipient}>"), StringComparison.Ordinal);
        string reply = await SayAsync("DATA");
        return reply.StartsWith("354", StringComparison.Ordinal) ? await SayAsync(content + ".") : reply;
    }

    /// <summary>Begins a message and goes away in the middle of it.</summary>
    internal async Task BreakOffAsync(string content)
    {
        await SayAsync("MAIL FROM:<a@example.com>");
        await SayAsync("RCPT TO:<b@example.net>");
        await SayAsync("DATA");
        await Stream.WriteAsync(Encoding.UTF8.GetBytes(content), TestContext.Current.CancellationToken);
        _socket.Close();
        await _server.StopAsync(TestContext.Current.CancellationToken);
    }

    private async Task<string> ReplyAsync()
    {
        var reply = new StringBuilder();
        byte[] one = new byte[1];
        while (true)
        {
            int start = reply.Length;
            do
            {
                Assert.Equal(1, await Stream.ReadAsync(one, TestContext.Current.CancellationToken));
                reply.Append((char)one[0]);
            }
            while (one[0] != '\n');

            if (reply[start + 3] == ' ')
            {
                return reply.ToString();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _server.DisposeAsync();
    }
}
