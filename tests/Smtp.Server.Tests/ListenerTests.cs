using System.Net;
using System.Net.Sockets;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Where a server listens, and what happens where it cannot.</summary>
public sealed class ListenerTests
{
    [Fact]
    public async Task An_address_in_use_is_named_and_nothing_stays_open()
    {
        await using var first = TestServer.Start();
        var other = new IPEndPoint(IPAddress.Loopback, ProgramPort.Find());
        var second = new SmtpServer(new SmtpServerOptions
        {
            MessageSink = new RecordingSink(),
            Listeners = [new SmtpListenerOptions { EndPoint = other }, new SmtpListenerOptions { EndPoint = first.EndPoint }],
        });
        SocketException error = Assert.Throws<SocketException>(second.Start);
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        Assert.Contains(first.EndPoint.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Empty(second.EndPoints);

        // The one that could be bound was given back.
        await Assert.ThrowsAsync<SocketException>(() => TestClient.ConnectAsync(other));
        using var again = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        again.Bind(other);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_port_is_free_again_right_behind_a_stop_with_clients()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, ProgramPort.Find());
        var first = TestServer.Start(listeners: new SmtpListenerOptions { EndPoint = endPoint });
        await using TestClient client = await first.ConnectSocketAsync();
        await client.GreetAsync();
        await first.DisposeAsync();
        await client.ExpectAsync("421 ");

        // The server closed first, so that the connection is in TIME_WAIT on its side.
        await using var second = TestServer.Start(listeners: new SmtpListenerOptions { EndPoint = endPoint });
        await using TestClient next = await second.ConnectSocketAsync();
        await next.GreetAsync();
    }

    [Fact]
    public async Task Several_listeners_each_with_its_own_rules()
    {
        using var certificate = TestCertificates.Create("mail.example.com");
        await using var server = TestServer.Start(
            authenticator: new ScriptedAuthenticator(),
            certificates: new TlsCertificates(certificate),
            listeners:
            [
                TestServer.Listener(),
                new SmtpListenerOptions
                {
                    EndPoint = new IPEndPoint(IPAddress.IPv6Loopback, 0),
                    Tls = TlsMode.StartTls,
                    RequireTls = true,
                    RequireAuthentication = true,
                },
            ]);
        Assert.Equal(2, server.Server.EndPoints.Count);
        await using TestClient relay = await TestClient.ConnectAsync(server.Server.EndPoints[0]);
        Assert.DoesNotContain("STARTTLS", await relay.GreetAsync(), StringComparison.Ordinal);
        await relay.SayAsync("MAIL FROM:<a@example.com>", "250 ");

        await using TestClient submission = await TestClient.ConnectAsync(server.Server.EndPoints[1]);
        Assert.Contains("STARTTLS", await submission.GreetAsync(), StringComparison.Ordinal);
        await submission.SayAsync("MAIL FROM:<a@example.com>", "530 5.7.0");
        await submission.StartTlsAsync();
        Assert.Contains("AUTH PLAIN LOGIN", await submission.SayAsync("EHLO x.example", "250-"), StringComparison.Ordinal);
        await submission.SayAsync("MAIL FROM:<a@example.com>", "530 5.7.0");
    }

    [Fact]
    public async Task A_Unix_domain_socket()
    {
        string path = Path.Combine(Path.GetTempPath(), $"smtp-{Guid.NewGuid():N}.sock");
        await using (var server = TestServer.Start(listeners: new SmtpListenerOptions { EndPoint = new UnixDomainSocketEndPoint(path) }))
        {
            await using TestClient client = await TestClient.ConnectAsync(new UnixDomainSocketEndPoint(path));
            await client.GreetAsync();
            Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_stale_socket_file_is_taken_over()
    {
        string path = Path.Combine(Path.GetTempPath(), $"smtp-{Guid.NewGuid():N}.sock");
        var endPoint = new UnixDomainSocketEndPoint(path);
        LeaveStale(path);
        await Assert.ThrowsAsync<SocketException>(() => TestClient.ConnectAsync(endPoint));
        await using (var server = TestServer.Start(listeners: new SmtpListenerOptions { EndPoint = endPoint }))
        {
            await using TestClient client = await TestClient.ConnectAsync(endPoint);
            await client.GreetAsync();
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_socket_file_that_somebody_listens_on_stays_his()
    {
        string path = Path.Combine(Path.GetTempPath(), $"smtp-{Guid.NewGuid():N}.sock");
        var listener = new SmtpListenerOptions { EndPoint = new UnixDomainSocketEndPoint(path) };
        await using var first = TestServer.Start(listeners: listener);
        SocketException error = Assert.Throws<SocketException>(() => TestServer.Start(listeners: listener));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        await using TestClient client = await TestClient.ConnectAsync(listener.EndPoint);
        await client.GreetAsync();
    }

    [Theory]
    [InlineData("file")]
    [InlineData("empty file")]
    [InlineData("folder")]
    public void What_is_no_socket_is_not_removed(string what)
    {
        string path = Path.Combine(Path.GetTempPath(), $"smtp-{Guid.NewGuid():N}.sock");
        if (what == "folder")
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            File.WriteAllText(path, what == "file" ? "precious" : string.Empty);
        }

        try
        {
            Assert.Throws<SocketException>(
                () => TestServer.Start(listeners: new SmtpListenerOptions { EndPoint = new UnixDomainSocketEndPoint(path) }));
            Assert.True(Path.Exists(path));
        }
        finally
        {
            if (what == "folder")
            {
                Directory.Delete(path);
            }
            else
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public async Task A_listener_for_both_families_tells_IPv4_addresses_as_such()
    {
        var seen = new List<System.Net.EndPoint?>();
        var policy = new ScriptedPolicy
        {
            OnClient = (session, _) =>
            {
                seen.AddRange([session.RemoteEndPoint, session.PeerEndPoint, session.LocalEndPoint]);
                return default;
            },
        };
        await using var server = TestServer.Start(policy: policy, listeners: new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.IPv6Any, 0) });
        foreach (IPAddress address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            await using TestClient client = await TestClient.ConnectAsync(new IPEndPoint(address, server.EndPoint.Port));
            await client.GreetAsync();
            Assert.Equal([client.Socket!.LocalEndPoint, client.Socket.LocalEndPoint, client.Socket.RemoteEndPoint], seen);
            seen.Clear();
            await client.SayAsync("QUIT", "221 ");
        }
    }

    [Fact]
    public async Task One_connection_too_many_is_told_so()
    {
        await using var server = TestServer.Start(maximumConnections: 2);
        await using TestClient first = await server.ConnectSocketAsync();
        await first.GreetAsync();
        await using TestClient second = server.Connect();
        await second.GreetAsync();

        await using TestClient third = await server.ConnectSocketAsync();
        Assert.Equal("421 4.7.0 Too many connections, try again later", await third.ReadReplyAsync());
        await third.ExpectEndAsync();
        await using TestClient fourth = server.Connect();
        Assert.Equal("421 4.7.0 Too many connections, try again later", await fourth.ReadReplyAsync());
        await fourth.ExpectEndAsync();
        await fourth.Session.Guarded();
        Assert.Equal(2, server.Server.ConnectionCount);

        // Who leaves makes room.
        await first.SayAsync("QUIT", "221 ");
        await first.ExpectEndAsync();
        while (server.Server.ConnectionCount == 2)
        {
            await Task.Yield();
        }

        await using TestClient fifth = await server.ConnectSocketAsync();
        await fifth.GreetAsync();
    }

    [Fact]
    public async Task A_client_that_closes_its_side_behind_its_commands_gets_all_replies()
    {
        await using var server = TestServer.Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.SendAsync("EHLO x.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
        await client.EndWritingAsync();
        foreach (string reply in (string[])["220 ", "250-", "250 2.1.0", "250 2.1.5", "354 ", "250 2.0.0", "221 "])
        {
            await client.ExpectAsync(reply);
        }

        await client.ExpectEndAsync();
        Assert.Single(server.Sink.Messages).AssertEnded(committed: true);
    }

    /// <summary>The socket removes its own file; a process that is killed has no time for that, which another name at that moment stands for.</summary>
    private static void LeaveStale(string path)
    {
        using var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        killed.Bind(new UnixDomainSocketEndPoint(path + "0"));
        killed.Listen();
        File.Move(path + "0", path);
    }
}
