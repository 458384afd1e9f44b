using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Smtp.Client.Tests;

/// <summary>SOCKS5 and HTTP CONNECT, octet by octet, over real sockets.</summary>
public sealed class ProxyTests
{
    private const string Session = "220 mx\r\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SOCKS5_without_authentication_hands_the_name_on()
    {
        await RunAsync(port => SmtpProxy.Socks5("127.0.0.1", port), "mx.test", async stream =>
        {
            Assert.Equal([5, 1, 0], await ReadAsync(stream, 3));
            await stream.WriteAsync(new byte[] { 5, 0 }, Token);
            Assert.Equal([5, 1, 0, 3, 7, .. "mx.test"u8, 0, 25], await ReadAsync(stream, 14));

            // The bound address is a name, and the greeting comes in the same packet.
            await stream.WriteAsync((byte[])[5, 0, 0, 3, 2, (byte)'a', (byte)'b', 1, 2, .. Encoding.ASCII.GetBytes(Session)], Token);
        });
    }

    [Fact]
    public async Task SOCKS5_with_a_password_and_an_address()
    {
        await RunAsync(port => SmtpProxy.Socks5("127.0.0.1", port, new NetworkCredential("us", "pass")), "2001:db8::1", async stream =>
        {
            Assert.Equal([5, 2, 0, 2], await ReadAsync(stream, 4));
            await stream.WriteAsync(new byte[] { 5, 2 }, Token);
            Assert.Equal([1, 2, .. "us"u8, 4, .. "pass"u8], await ReadAsync(stream, 9));
            await stream.WriteAsync(new byte[] { 1, 0 }, Token);
            Assert.Equal([5, 1, 0, 4, .. IPAddress.Parse("2001:db8::1").GetAddressBytes(), 0, 25], await ReadAsync(stream, 22));
            await stream.WriteAsync((byte[])[5, 0, 0, 1, 127, 0, 0, 1, 1, 2, .. Encoding.ASCII.GetBytes(Session)], Token);
        });
    }

    [Theory]
    [InlineData(new byte[] { 4, 0 }, "does not speak SOCKS5")]
    [InlineData(new byte[] { 5, 255 }, "not offered")]
    [InlineData(new byte[] { 5, 2 }, "not offered")]
    [InlineData(new byte[] { 5, 0, 5, 5, 0, 1 }, "connection refused")]
    [InlineData(new byte[] { 5, 0, 5, 0, 0, 9 }, "unknown kind")]
    [InlineData(new byte[] { 5 }, "")]
    public async Task SOCKS5_that_refuses_is_a_transport_exception(byte[] answer, string message) =>
        await AssertFailsAsync(port => SmtpProxy.Socks5("127.0.0.1", port), answer, message);

    [Fact]
    public async Task CONNECT_with_a_password()
    {
        await RunAsync(port => SmtpProxy.HttpConnect("127.0.0.1", port, new NetworkCredential("user", "pa:ss")), "mx.test", async stream =>
        {
            const string Expected = "CONNECT mx.test:25 HTTP/1.1\r\nHost: mx.test:25\r\nProxy-Authorization: Basic dXNlcjpwYTpzcw==\r\n\r\n";
            Assert.Equal(Expected, Encoding.ASCII.GetString(await ReadAsync(stream, Expected.Length)));
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n" + Session), Token);
        });
    }

    [Fact]
    public async Task CONNECT_to_an_IPv6_address_has_brackets()
    {
        await RunAsync(port => SmtpProxy.HttpConnect("127.0.0.1", port), "2001:db8::1", async stream =>
        {
            const string Expected = "CONNECT [2001:db8::1]:25 HTTP/1.1\r\nHost: [2001:db8::1]:25\r\n\r\n";
            Assert.Equal(Expected, Encoding.ASCII.GetString(await ReadAsync(stream, Expected.Length)));
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.0 200\r\n\r\n" + Session), Token);
        });
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required")]
    [InlineData("220 mx ESMTP\r\n\r\n", "does not speak HTTP")]
    [InlineData("HTTP/1.1 200 OK\r\n", "")]
    public async Task CONNECT_that_is_refused_is_a_transport_exception(string answer, string message) =>
        await AssertFailsAsync(port => SmtpProxy.HttpConnect("127.0.0.1", port), Encoding.ASCII.GetBytes(answer), message);

    [Fact]
    public async Task An_endless_head_ends() => await AssertFailsAsync(
        port => SmtpProxy.HttpConnect("127.0.0.1", port), Encoding.ASCII.GetBytes("HTTP/1.1 200 " + new string('x', 10_000)), "over 8192");

    [Fact]
    public void What_could_change_the_request_is_refused_at_once()
    {
        Assert.Throws<ArgumentException>(() => SmtpProxy.HttpConnect("proxy\r\nX: y", 80));
        Assert.Throws<ArgumentException>(() => SmtpProxy.HttpConnect("proxy", 80, new NetworkCredential("us:er", "x")));
        Assert.Throws<ArgumentException>(() => SmtpProxy.HttpConnect("proxy", 80, new NetworkCredential("user", "x\r\nX: y")));
        Assert.Throws<ArgumentException>(() => SmtpProxy.Socks5("proxy", 80, new NetworkCredential("", "x")));
        Assert.Throws<ArgumentException>(() => SmtpProxy.Socks5("proxy", 80, new NetworkCredential(new string('x', 256), "x")));
        Assert.Throws<ArgumentOutOfRangeException>(() => SmtpProxy.Socks5("proxy", 0));
        Assert.Throws<ArgumentException>(() => SmtpProxy.Target("mx.test\r\nX: y"));
        Assert.Throws<ArgumentException>(() => SmtpProxy.Target("mx test"));
        Assert.Throws<ArgumentException>(() => SmtpProxy.Target("mx.test\0"));
    }

    private static async Task RunAsync(
        Func<int, Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>>> proxy, string host, Func<NetworkStream, Task> serve)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(
            Options(host, proxy(((IPEndPoint)listener.LocalEndpoint).Port)), Token).AsTask();
        using Socket socket = await listener.AcceptSocketAsync(Token);
        await using var stream = new NetworkStream(socket);
        await serve(stream);
        await new ScriptedPeer(stream).RunAsync("C: EHLO client.test\nS: 250 mx");
        await using SmtpConnection connection = await connecting;
        Assert.True(connection.IsUsable);
        connection.Abort();
    }

    private static async Task AssertFailsAsync(
        Func<int, Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>>> proxy, byte[] answer, string message)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(
            Options("mx.test", proxy(((IPEndPoint)listener.LocalEndpoint).Port)), Token).AsTask();
        using Socket socket = await listener.AcceptSocketAsync(Token);
        await socket.SendAsync(answer, Token);
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The client has read enough, and has gone.
        }

        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(() => connecting);
        Assert.Equal((TransportFailure.ConnectFailed, SmtpStage.Connect), (error.Failure, error.Stage));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static SmtpConnectionOptions Options(string host, Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>> connect) => new()
    {
        Host = host,
        Tls = SmtpTlsMode.None,
        LocalName = "client.test",
        ConnectCallback = connect,
    };

    private static async Task<byte[]> ReadAsync(Stream stream, int length)
    {
        byte[] octets = new byte[length];
        await stream.ReadExactlyAsync(octets, Token);
        return octets;
    }
}
