using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Smtp.Server.Tests;

/// <summary>A client that says exactly what a test tells it to. Text is Latin-1: an octet a character.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private Stream _read;
    private Stream _write;
    private int _start;
    private int _end;
    private long _sent;

    internal TestClient(Stream read, Stream write)
    {
        _read = read;
        _write = write;
    }

    /// <summary>The server's end, if the connection is in memory.</summary>
    internal ObservedPipe? Pipe { get; init; }

    /// <summary>The server's session, if the connection is in memory.</summary>
    internal Task Session { get; init; } = Task.CompletedTask;

    /// <summary>The socket, if there is one.</summary>
    internal Socket? Socket { get; private init; }

    internal SslStream? Tls { get; private set; }

    /// <summary>The certificates that the server sent.</summary>
    internal IReadOnlyList<X509Certificate2> PeerChain { get; private set; } = [];

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _write.DisposeAsync();
            await _read.DisposeAsync();
        }
        catch (IOException)
        {
            // The server was faster.
        }

        Socket?.Dispose();
    }

    internal static async Task<TestClient> ConnectAsync(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint).Guarded();
        var stream = new NetworkStream(socket, ownsSocket: true);
        return new TestClient(stream, stream) { Socket = socket };
    }

    internal Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    internal Task SendAsync(ReadOnlyMemory<byte> octets)
    {
        _sent += octets.Length;
        return _write.WriteAsync(octets).AsTask().Guarded();
    }

    /// <summary>Waits until the server has taken all that was sent and waits for more. In memory and without TLS only.</summary>
    internal Task ServerWaitsAsync() => Pipe!.ServerWaitsAsync(_sent);

    /// <summary>Reads one reply, all its lines.</summary>
    /// <returns>The reply with its line breaks but the last; empty at the end of the connection.</returns>
    internal async Task<string> ReadReplyAsync()
    {
        var reply = new StringBuilder();
        while (true)
        {
            string? line = await ReadLineAsync();
            if (line is null)
            {
                return reply.ToString();
            }

            reply.Append(line);
            if (line.Length < 4 || line[3] != '-')
            {
                return reply.ToString();
            }

            reply.Append("\r\n");
        }
    }

    /// <summary>Sends one line and reads its reply.</summary>
    internal async Task<string> SayAsync(string line)
    {
        await SendAsync(line + "\r\n");
        return await ReadReplyAsync();
    }

    /// <summary>Sends one line and asserts how its reply starts.</summary>
    internal async Task<string> SayAsync(string line, string expected)
    {
        string reply = await SayAsync(line);
        Assert.StartsWith(expected, reply, StringComparison.Ordinal);
        return reply;
    }

    internal async Task ExpectAsync(string expected) => Assert.StartsWith(expected, await ReadReplyAsync(), StringComparison.Ordinal);

    /// <summary>Asserts that the server ended the connection and said nothing more.</summary>
    internal async Task ExpectEndAsync() => Assert.Equal(string.Empty, await ReadReplyAsync());

    /// <summary>Takes the greeting and says EHLO.</summary>
    internal async Task<string> GreetAsync()
    {
        await ExpectAsync("220 ");
        return await SayAsync("EHLO client.example.com", "250-");
    }

    /// <summary>From behind EHLO to in front of the body.</summary>
    internal async Task StartDataAsync()
    {
        await SayAsync("MAIL FROM:<a@example.com>", "250 2.1.0");
        await SayAsync("RCPT TO:<b@example.net>", "250 2.1.5");
        await SayAsync("DATA", "354 ");
    }

    /// <summary>Sends one message that needs no dot-stuffing.</summary>
    internal async Task<string> SendMessageAsync(string body = "Subject: hello\r\n\r\nText.\r\n")
    {
        await StartDataAsync();
        await SendAsync(body + ".\r\n");
        return await ReadReplyAsync();
    }

    internal async Task StartTlsAsync(string serverName = "mail.example.com", SslProtocols protocols = SslProtocols.None, X509Certificate2? certificate = null)
    {
        await SayAsync("STARTTLS", "220 ");
        await ShakeHandsAsync(serverName, protocols, certificate);
    }

    /// <summary>Shakes hands without a look at who signed the certificate.</summary>
    internal async Task ShakeHandsAsync(
        string serverName = "mail.example.com", SslProtocols protocols = SslProtocols.None, X509Certificate2? certificate = null, string? application = null)
    {
        Assert.Equal(_start, _end);
        Stream inner = ReferenceEquals(_read, _write) ? _read : new SplitStream(_read, _write);
        var tls = new SslStream(inner, leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = serverName,
            EnabledSslProtocols = protocols,
            ApplicationProtocols = application is null ? null : [new SslApplicationProtocol(application)],
            ClientCertificates = certificate is null ? null : [certificate],
#pragma warning disable CA5359 // What is tested is the server; its certificate is made on the spot.
            RemoteCertificateValidationCallback = (_, _, chain, _) =>
            {
                PeerChain = [.. chain!.ChainPolicy.ExtraStore.Select(c => X509CertificateLoader.LoadCertificate(c.RawData))];
                return true;
            },
#pragma warning restore CA5359
        }).Guarded();
        Tls = tls;
        _read = tls;
        _write = tls;
    }

    /// <summary>Says that nothing more comes; replies can still be read.</summary>
    internal async Task EndWritingAsync()
    {
        if (Socket is null)
        {
            await _write.DisposeAsync();
        }
        else
        {
            Socket.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>Resets the connection.</summary>
    internal void Reset()
    {
        Socket!.LingerState = new LingerOption(true, 0);
        Socket.Dispose();
    }

    private async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            while (_start < _end)
            {
                char c = (char)_buffer[_start++];
                if (c == '\n')
                {
                    Assert.EndsWith("\r", line.ToString(), StringComparison.Ordinal);
                    return line.ToString(0, line.Length - 1);
                }

                line.Append(c);
            }

            _start = 0;
            _end = await _read.ReadAsync(_buffer).AsTask().Guarded();
            if (_end == 0)
            {
                Assert.Equal(string.Empty, line.ToString());
                return null;
            }
        }
    }
}
