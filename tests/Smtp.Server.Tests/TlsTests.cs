using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Server.Tests;

/// <summary>TLS, implicit and by STARTTLS, over real sockets.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly X509Certificate2 _certificate = TestCertificates.Create("mail.example.com");

    public void Dispose() => _certificate.Dispose();

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Implicit(SslProtocols protocol)
    {
        await using var server = Start(TlsMode.Implicit);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.ShakeHandsAsync(protocols: protocol);
        Assert.Equal(protocol, client.Tls!.SslProtocol);
        string ehlo = await client.GreetAsync();
        Assert.DoesNotContain("STARTTLS", ehlo, StringComparison.Ordinal);
        await client.SayAsync("STARTTLS", "503 ");
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        Assert.True(Assert.Single(server.Sink.Messages).IsTls);
        await client.SayAsync("QUIT", "221 ");

        // The end is close_notify, not a mere end of octets.
        await client.ExpectEndAsync();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task By_STARTTLS(SslProtocols protocol)
    {
        await using var server = Start(TlsMode.StartTls);
        await using TestClient client = await server.ConnectSocketAsync();
        Assert.Contains("STARTTLS", await client.GreetAsync(), StringComparison.Ordinal);
        await client.StartTlsAsync(protocols: protocol);
        Assert.Equal(protocol, client.Tls!.SslProtocol);

        // Nothing of what was said before counts (RFC 3207 §4.2).
        await client.SayAsync("MAIL FROM:<a@example.com>", "503 ");
        Assert.DoesNotContain("STARTTLS", await client.SayAsync("EHLO x.example", "250-"), StringComparison.Ordinal);
        byte[] body = BodyStreamingTests.Lines(300 * 1000);
        await client.StartDataAsync();
        await client.SendAsync(body);
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("250 2.0.0");
        RecordedMessage message = Assert.Single(server.Sink.Messages);
        Assert.True(message.IsTls);
        Assert.Equal(body, message.Content);
    }

    [Fact]
    public async Task By_STARTTLS_over_pipes()
    {
        await using var server = Start(TlsMode.StartTls);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartTlsAsync();
        await client.SayAsync("EHLO x.example", "250-");
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        await client.SayAsync("QUIT", "221 ");
        await client.Session.Guarded();
    }

    [Theory]
    [InlineData(TlsMode.Implicit)]
    [InlineData(TlsMode.StartTls)]
    public async Task Versions_before_1_2_are_refused(TlsMode mode)
    {
        await using var server = Start(mode);
        await using TestClient client = await server.ConnectSocketAsync();
        if (mode == TlsMode.StartTls)
        {
            await client.GreetAsync();
            await client.SayAsync("STARTTLS", "220 ");
        }

#pragma warning disable CS0618, SYSLIB0039, CA5397 // That they are refused is the point.
        await Assert.ThrowsAnyAsync<Exception>(() => client.ShakeHandsAsync(protocols: SslProtocols.Tls | SslProtocols.Tls11));
#pragma warning restore CS0618, SYSLIB0039, CA5397
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task What_comes_in_the_clear_behind_STARTTLS_is_never_run()
    {
        await using var server = Start(TlsMode.StartTls);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SendAsync("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nevil\r\n.\r\n");
        await client.ExpectAsync("220 ");
        await client.ShakeHandsAsync();
        await client.SayAsync("EHLO x.example", "250-");
        await client.SayAsync("RCPT TO:<b@example.net>", "503 5.5.1");
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        Assert.Equal("a@example.com", Assert.Single(server.Sink.Messages).Sender);
    }

    [Fact]
    public async Task A_part_of_a_command_in_the_clear_is_not_completed_under_TLS()
    {
        await using var server = Start(TlsMode.StartTls);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SendAsync("STARTTLS\r\nXYZZY ");
        await client.ExpectAsync("220 ");
        await client.ShakeHandsAsync();
        await client.SayAsync("NOOP", "250 2.0.0");
    }

    [Fact]
    public async Task Neither_AUTH_nor_a_transaction_nor_a_name_survives_STARTTLS()
    {
        var seen = new List<string>();
        var policy = new ScriptedPolicy
        {
            OnSender = (_, _) => default,
            OnHello = (session, _) =>
            {
                seen.Add($"{session.HelloName} {session.Identity} {session.IsTls} {session.TlsProtocol} {session.TlsServerName}");
                return default;
            },
        };
        var listener = new SmtpListenerOptions
        {
            EndPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0),
            Tls = TlsMode.StartTls,
            AllowPlaintextAuthentication = true,
        };
        await using var server = TestServer.Start(
            policy: policy, authenticator: new ScriptedAuthenticator(), certificates: new TlsCertificates(_certificate), listeners: listener);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        string credentials = Convert.ToBase64String(
            System.Text.Encoding.ASCII.GetBytes($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}"));
        await client.SayAsync("AUTH PLAIN " + credentials, "235 ");
        await client.StartTlsAsync(protocols: SslProtocols.Tls13);
        await client.SayAsync("AUTH PLAIN " + credentials, "503 ");
        Assert.Contains("AUTH PLAIN", await client.SayAsync("EHLO again.example", "250-"), StringComparison.Ordinal);
        Assert.Equal(["client.example.com  False None ", "again.example  True Tls13 mail.example.com"], seen);
        await client.SayAsync("AUTH PLAIN " + credentials, "235 ");
    }

    [Theory]
    [InlineData(TlsMode.Implicit)]
    [InlineData(TlsMode.StartTls)]
    public async Task Garbage_in_place_of_a_handshake_ends_the_connection(TlsMode mode)
    {
        await using var server = Start(mode);
        await using TestClient client = await server.ConnectSocketAsync();
        if (mode == TlsMode.StartTls)
        {
            await client.GreetAsync();
            await client.SayAsync("STARTTLS", "220 ");
        }

        await client.SendAsync("EHLO I never heard of TLS\r\n" + new string('x', 1000) + "\r\n");
        await server.UntilEmptyAsync();
        LogEntry entry = Assert.Single(server.Logs.Entries, e => e.EventId == 14);
        Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Information, entry.Level);
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    [Fact]
    public async Task A_certificate_source_that_throws_costs_one_connection_and_tells_the_log()
    {
        await using var server = TestServer.Start(certificates: new BrokenSource(), listeners: TestServer.Listener(TlsMode.Implicit));
        await using TestClient client = await server.ConnectSocketAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => client.ShakeHandsAsync());
        await server.UntilEmptyAsync();
        Assert.Contains(server.Logs.Entries, e => e.Level == Microsoft.Extensions.Logging.LogLevel.Error && e.Error is KeyNotFoundException);
    }

    [Fact]
    public async Task Handshakes_that_stall_disturb_nobody_and_end_by_their_deadline()
    {
        await using var server = Start(TlsMode.Implicit);
        var stalled = new List<TestClient>();
        for (int i = 0; i < 20; i++)
        {
            stalled.Add(await server.ConnectSocketAsync());

            // The first octets of a ClientHello, or nothing.
            await stalled[i].SendAsync(i % 2 == 0 ? string.Empty : "\x16\x03\x01\x02");
        }

        await using TestClient client = await server.ConnectSocketAsync();
        await client.ShakeHandsAsync();
        await client.GreetAsync();
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        Assert.Equal(21, server.Server.ConnectionCount);

        server.Time.Advance(TimeSpan.FromSeconds(32));
        foreach (TestClient connection in stalled)
        {
            // Cut: a reset, or the end.
            await Record.ExceptionAsync(connection.ExpectEndAsync);
            await connection.DisposeAsync();
        }

        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        await server.UntilThereAreAsync(1);
    }

    [Fact]
    public async Task The_end_of_TLS_is_the_end_of_the_connection()
    {
        // CVE-2026-45185: octets in the clear behind close_notify must reach nothing.
        await using var server = Start(TlsMode.StartTls);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartTlsAsync();
        await client.SayAsync("EHLO x.example", "250-");
        await client.SendAsync("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nBDAT 10 LAST\r\nhalf");
        await client.ExpectAsync("250 ");
        await client.ExpectAsync("250 ");
        await client.Tls!.ShutdownAsync().Guarded();
        client.Socket!.Send("rest!!"u8);
        (await server.Sink.NextEndedAsync()).AssertEnded(committed: false);
        await server.UntilEmptyAsync();
    }

    [Theory]
    [InlineData("http/1.1", false)]
    [InlineData("h2", false)]
    [InlineData("smtp", true)]
    public async Task A_client_that_offers_protocols_must_offer_this_one(string protocol, bool isTaken)
    {
        // ALPACA: a browser lured to a port of mail offers those of HTTP.
        await using var server = Start(TlsMode.Implicit);
        await using TestClient client = await server.ConnectSocketAsync();
        Exception? error = await Record.ExceptionAsync(() => client.ShakeHandsAsync(application: protocol));
        Assert.Equal(isTaken, error is null);
        if (isTaken)
        {
            Assert.Equal(protocol, client.Tls!.NegotiatedApplicationProtocol.ToString());
            await client.GreetAsync();
        }
        else
        {
            await server.UntilEmptyAsync();
            Assert.Single(server.Logs.Entries, e => e.EventId == 14);
        }
    }

    [Fact]
    public async Task A_client_that_ends_TLS_while_a_seam_works_has_gone()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var policy = new ScriptedPolicy
        {
            OnSender = async (_, token) =>
            {
                entered.SetResult();
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, token);
                }
                finally
                {
                    fired.SetResult();
                }

                return default;
            },
        };
        await using var server = TestServer.Start(
            policy: policy, certificates: new TlsCertificates(_certificate), listeners: TestServer.Listener(TlsMode.Implicit));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.ShakeHandsAsync();
        await client.GreetAsync();
        await client.SendAsync("MAIL FROM:<a@example.com>\r\n");
        await entered.Task.Guarded();

        // What is left unread on the server's side is the close_notify.
        await client.Tls!.ShutdownAsync().Guarded();
        client.Socket!.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await server.UntilAsync(fired.Task).Guarded();
        await server.UntilEmptyAsync();
    }

    private TestServer Start(TlsMode mode) =>
        TestServer.Start(certificates: new TlsCertificates(_certificate), listeners: TestServer.Listener(mode));

    private sealed class BrokenSource : ITlsCertificateSource
    {
        public SslStreamCertificateContext GetCertificate(string? serverName) => throw new KeyNotFoundException("no certificate");
    }
}
