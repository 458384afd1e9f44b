using System.Net;
using System.Net.Sockets;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>Real proxies, both with a password, between the pool and Python's aiosmtpd: STARTTLS and 64 messages at once through each.</summary>
[Trait("Category", "Interop")]
public sealed class InteropProxyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_pool_sends_through_microsocks()
    {
        await using Aiosmtpd server = await Aiosmtpd.StartAsync(withTls: true, Assert.Skip);
        await using ProxyInstance proxy = await ProxyInstance.StartMicrosocksAsync(Assert.Skip);
        await SendAsync(server, SmtpProxy.Socks5("127.0.0.1", proxy.Port, new NetworkCredential("user", "secret")));
    }

    [Fact]
    public async Task The_pool_sends_through_tinyproxy()
    {
        await using Aiosmtpd server = await Aiosmtpd.StartAsync(withTls: true, Assert.Skip);
        await using ProxyInstance proxy = await ProxyInstance.StartTinyproxyAsync(server.Port, Assert.Skip);
        await SendAsync(server, SmtpProxy.HttpConnect("127.0.0.1", proxy.Port, new NetworkCredential("user", "secret")));
    }

    [Fact]
    public async Task What_microsocks_refuses_is_told()
    {
        await using ProxyInstance proxy = await ProxyInstance.StartMicrosocksAsync(Assert.Skip);
        await AssertFailsAsync(25, SmtpProxy.Socks5("127.0.0.1", proxy.Port, new NetworkCredential("user", "wrong")), "refuses the user name and password");
        await AssertFailsAsync(25, SmtpProxy.Socks5("127.0.0.1", proxy.Port), "not offered");

        // Nobody listens there, and nobody else can.
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)unused.LocalEndPoint!).Port;
        await AssertFailsAsync(port, SmtpProxy.Socks5("127.0.0.1", proxy.Port, new NetworkCredential("user", "secret")), "connection refused");
    }

    [Fact]
    public async Task What_tinyproxy_refuses_is_told()
    {
        await using ProxyInstance proxy = await ProxyInstance.StartTinyproxyAsync(2525, Assert.Skip);
        await AssertFailsAsync(2525, SmtpProxy.HttpConnect("127.0.0.1", proxy.Port, new NetworkCredential("user", "wrong")), "401");
        await AssertFailsAsync(2525, SmtpProxy.HttpConnect("127.0.0.1", proxy.Port), "407");
        await AssertFailsAsync(25, SmtpProxy.HttpConnect("127.0.0.1", proxy.Port, new NetworkCredential("user", "secret")), "403");
    }

    private static async Task SendAsync(Aiosmtpd server, Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>> proxy)
    {
        byte[][] contents = Bulk.Contents();
        await Bulk.SendAsync(
            new SmtpClientOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                LocalName = "client.test",
                ConnectCallback = proxy,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=aiosmtpd.test",
                Credentials = new SmtpCredentials("user", "secret"),
                MaximumConnections = 6,
                MaximumMessagesPerConnection = 10,
            },
            contents,
            "b@d.test",
            "refused@d.test",
            Token);
        Bulk.AssertStored(contents, [.. Enumerable.Range(1, contents.Length).Select(server.Content)], isWhole: true);
    }

    private static async Task AssertFailsAsync(int port, Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>> proxy, string message)
    {
        await using var client = new SmtpClient(new SmtpClientOptions { Host = "127.0.0.1", Port = port, ConnectCallback = proxy });
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.VerifyAsync(Token));
        Assert.Equal((TransportFailure.ConnectFailed, SmtpStage.Connect), (error.Failure, error.Stage));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
