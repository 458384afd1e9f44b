using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>Greeting, TLS, AUTH and time.</summary>
public sealed class ConnectTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("S: 554 5.7.1 blocked", SmtpStage.Greeting, "554 5.7.1 blocked", PeerViolation.None)]
    [InlineData("S: 421 busy", SmtpStage.Greeting, "421 busy", PeerViolation.None)]
    [InlineData("S: SSH-2.0-OpenSSH_9.2", SmtpStage.Greeting, "", PeerViolation.MalformedReply)]
    [InlineData("S: 220 mx\nC: EHLO client.test\nS: 450 no", SmtpStage.Hello, "450 no", PeerViolation.None)]
    public async Task A_session_that_is_refused_is_a_reply_exception(string script, SmtpStage stage, string reply, PeerViolation violation)
    {
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => TestConnection.OpenAsync(TestConnection.Options(), script));
        Assert.Equal((stage, reply, violation), (error.Stage, error.Reply.ToString(), error.Violation));
        Assert.Equal(("mx.test", 25), (error.Host, error.Port));
        Assert.Null(error.Result);
    }

    [Fact]
    public async Task A_server_that_closes_is_a_transport_exception()
    {
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(
            () => TestConnection.OpenAsync(TestConnection.Options(), "S: 220 mx\nC: EHLO client.test\n<close>"));
        Assert.Equal((TransportFailure.ConnectionLost, SmtpStage.Hello), (error.Failure, error.Stage));
    }

    [Fact]
    public async Task An_endless_reply_ends_in_an_error()
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far);
        ValueTask<SmtpConnection> connecting = SmtpConnection.ConnectAsync(near, TestConnection.Options(), Token);
        await peer.SayAsync(string.Concat(Enumerable.Repeat("220-and so on\r\n", 1000)));
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(async () => await connecting);
        Assert.Equal(PeerViolation.TooManyLines, error.Violation);
    }

    [Theory]
    [InlineData(SmtpTlsMode.StartTlsRequired, true)]
    [InlineData(SmtpTlsMode.StartTlsIfOffered, true)]
    [InlineData(SmtpTlsMode.Implicit, false)]
    public async Task TLS_is_made_and_EHLO_said_again(SmtpTlsMode mode, bool startTls)
    {
        using X509Certificate2 certificate = TestCertificate.Create("mx.test");
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far, certificate);
        Task script = peer.RunAsync((startTls
            ? "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250-AUTH LOGIN\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n<tls>\n"
            : "<tls>\nS: 220 mx\n") + "C: EHLO client.test\nS: 250-mx\nS: 250-PIPELINING\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AHVzZXIAc2VjcmV0\nS: 235 ok");
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            near, Secure(mode, certificate, new SmtpCredentials("user", "secret")), Token);
        await script;
        Assert.NotNull(connection.Tls);
        Assert.Equal(SslPolicyErrors.RemoteCertificateChainErrors, connection.Tls.PolicyErrors);
        Assert.True(connection.Tls.Protocol >= SslProtocols.Tls12);
        Assert.Equal(certificate.GetCertHashString(), connection.Tls.Certificate!.GetCertHashString());
        Assert.True(connection.IsAuthenticated);
        Assert.Equal(["PLAIN"], connection.Peer.AuthenticationMechanisms);

        script = peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 OK\nC: QUIT\nS: 221 bye");
        SendResult result = await connection.SendAsync(TestConnection.Message("x\r\n"u8.ToArray()), Token);
        Assert.True(result.IsAccepted);
        Assert.Same(connection.Tls, result.Tls);
        await connection.QuitAsync(Token);
        await script;
    }

    [Fact]
    public async Task A_certificate_that_the_system_does_not_trust_fails_by_default()
    {
        using X509Certificate2 certificate = TestCertificate.Create("mx.test");
        await AssertTlsFails(certificate, new SmtpConnectionOptions { Host = "mx.test", LocalName = "client.test" });
    }

    [Fact]
    public async Task A_certificate_of_another_name_is_told_to_the_callback()
    {
        using X509Certificate2 certificate = TestCertificate.Create("other.test");
        SslPolicyErrors? seen = null;
        await AssertTlsFails(certificate, new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            CertificateValidation = (_, _, _, errors) =>
            {
                seen = errors;
                return false;
            },
        });
        Assert.True(seen!.Value.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch));
    }

    [Theory]
    [InlineData("S: 250-mx\nS: 250 AUTH LOGIN")]
    [InlineData("S: 2")]
    [InlineData("S:")]
    public async Task Plaintext_behind_the_220_fails_the_connection(string injected)
    {
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => TestConnection.OpenAsync(
            TestConnection.Options(tls: SmtpTlsMode.StartTlsRequired),
            "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n" + injected));
        Assert.Equal((PeerViolation.DataBehindStartTls, SmtpStage.StartTls), (error.Violation, error.Stage));
    }

    [Fact]
    public async Task Plaintext_in_the_place_of_the_handshake_is_none()
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far);
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(
            near, TestConnection.Options(tls: SmtpTlsMode.StartTlsIfOffered), TestContext.Current.CancellationToken).AsTask();
        await peer.RunAsync("S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go");
        await peer.WaitForOctetsAsync();
        await peer.SayAsync("250-mx\r\n250 AUTH LOGIN\r\n");
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(() => connecting);
        Assert.Equal((TransportFailure.TlsFailed, SmtpStage.TlsHandshake), (error.Failure, error.Stage));
    }

    [Theory]
    [InlineData("S: 250 PIPELINING", "")]
    [InlineData("S: 250 STARTTLS\nC: STARTTLS\nS: 454 4.7.0 not now", "454 4.7.0 not now")]
    [InlineData("S: 250 STARTTLS\nC: STARTTLS\nS: 502 what?", "502 what?")]
    public async Task Required_TLS_is_required(string script, string reply)
    {
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => TestConnection.OpenAsync(
            TestConnection.Options(tls: SmtpTlsMode.StartTlsRequired), "S: 220 mx\nC: EHLO client.test\nS: 250-mx\n" + script));
        Assert.Equal((SmtpStage.StartTls, reply), (error.Stage, error.Reply.ToString()));
    }

    [Theory]
    [InlineData("S: 250 PIPELINING")]
    [InlineData("S: 250 STARTTLS\nC: STARTTLS\nS: 454 4.7.0 not now")]
    public async Task TLS_if_offered_goes_on_without(string script)
    {
        await using SmtpConnection connection = await TestConnection.OpenAsync(
            TestConnection.Options(tls: SmtpTlsMode.StartTlsIfOffered), "S: 220 mx\nC: EHLO client.test\nS: 250-mx\n" + script);
        Assert.Null(connection.Tls);
        Assert.True(connection.IsUsable);
        connection.Abort();
    }

    [Fact]
    public async Task A_password_is_not_sent_without_TLS()
    {
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => TestConnection.OpenAsync(
            TestConnection.Options(tls: SmtpTlsMode.StartTlsIfOffered, credentials: new SmtpCredentials("user", "secret")),
            "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 AUTH PLAIN LOGIN"));
        Assert.Equal(SmtpStage.Authenticate, error.Stage);
        Assert.Contains("no TLS", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LOGIN PLAIN", "C: AUTH PLAIN AHVzZXIAc2VjcmV0\nS: 235 ok")]
    [InlineData("LOGIN", "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dXNlcg==\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok")]
    public async Task A_password_is_sent_without_TLS_where_asked_for_and_never_logged(string offered, string script)
    {
        var log = new ListLogger();
        await using SmtpConnection connection = await TestConnection.OpenAsync(
            TestConnection.Options(credentials: new SmtpCredentials("user", "secret"), allowPlaintext: true, loggerFactory: log),
            $"S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 AUTH {offered}\n{script}");
        Assert.True(connection.IsAuthenticated);
        connection.Abort();
        Assert.Contains("S: 220 mx", log.Lines);
        Assert.Contains("C: EHLO client.test", log.Lines);
        Assert.Contains("S: 235 ok", log.Lines);
        Assert.Contains(log.Lines, line => line.StartsWith("C: AUTH ", StringComparison.Ordinal));
        Assert.True(log.Lines.IndexOf("S: 220 mx") < log.Lines.IndexOf("C: EHLO client.test"));
        Assert.DoesNotContain(log.Lines, line =>
            line.Contains("AHVzZXIAc2VjcmV0", StringComparison.Ordinal)
            || line.Contains("c2VjcmV0", StringComparison.Ordinal)
            || line.Contains("dXNlcg", StringComparison.Ordinal)
            || line.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("S: 250 AUTH CRAM-MD5", "", "no mechanism")]
    [InlineData("S: 250 AUTH PLAIN\nC: AUTH PLAIN AHVzZXIAc2VjcmV0\nS: 535 5.7.8 no", "535 5.7.8 no", "refuses the credentials")]
    public async Task AUTH_that_fails_is_a_reply_exception(string script, string reply, string message)
    {
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => TestConnection.OpenAsync(
            TestConnection.Options(credentials: new SmtpCredentials("user", "secret"), allowPlaintext: true),
            "S: 220 mx\nC: EHLO client.test\nS: 250-mx\n" + script));
        Assert.Equal((SmtpStage.Authenticate, reply), (error.Stage, error.Reply.ToString()));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_name_all_that_is_wrong()
    {
        var options = new SmtpConnectionOptions
        {
            Host = "a b",
            Port = 0,
            LocalName = "client\r\nRSET",
            Tls = SmtpTlsMode.None,
            Credentials = new SmtpCredentials("a", "b"),
            AuthenticationMechanisms = ["PLAIN", "LOGIN"],
        };
        Assert.Equal(4, options.Validate().Count);
        ArgumentException error = Assert.Throws<ArgumentException>(() => { _ = SmtpConnection.ConnectAsync(options, Token).AsTask().GetAwaiter().GetResult(); });
        Assert.All((string[])["Host", "Port", "LocalName", "Credentials"], name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpClientTimeouts { Mail = TimeSpan.Zero });
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_a_transport_exception()
    {
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        int port = ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = "127.0.0.1", Port = port, Tls = SmtpTlsMode.None }, Token));
        Assert.Equal((TransportFailure.ConnectFailed, SmtpStage.Connect), (error.Failure, error.Stage));
    }

    public static TheoryData<string, SmtpStage, int> Silences => new()
    {
        { "", SmtpStage.Greeting, 300 },
        { "S: 220 mx\nC: EHLO client.test", SmtpStage.Hello, 300 },
        { "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250-PIPELINING", SmtpStage.Hello, 300 },
    };

    [Theory]
    [MemberData(nameof(Silences))]
    public async Task A_silent_server_is_given_up_in_time_when_opening(string script, SmtpStage stage, int seconds)
    {
        var time = new FakeTimeProvider();
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(near, TestConnection.Options(timeProvider: time), Token).AsTask();
        var peer = new ScriptedPeer(far);
        await peer.RunAsync(script);
        await peer.WaitUntilHeardAsync();
        await AssertTimesOut(time, connecting, stage, seconds);
    }

    [Theory]
    [InlineData("", SmtpStage.Mail, 300)]
    [InlineData("S: 250 OK", SmtpStage.Recipient, 300)]
    [InlineData("S: 250 OK\nS: 250 OK", SmtpStage.Data, 120)]
    [InlineData("S: 250 OK\nS: 250 OK\nS: 354 go\n<body>", SmtpStage.FinalReply, 600)]
    public async Task A_silent_server_is_given_up_in_time_when_sending(string script, SmtpStage stage, int seconds)
    {
        var time = new FakeTimeProvider();
        await using TestConnection connection = await TestConnection.ConnectAsync(TestConnection.Options(timeProvider: time), "PIPELINING");
        var result = new SendResult();
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message("x\r\n"u8.ToArray()), result, Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\n" + script);
        await connection.Peer.WaitUntilHeardAsync();
        await AssertTimesOut(time, send, stage, seconds);
        Assert.Equal(stage == SmtpStage.FinalReply, result.MayHaveBeenCommitted);
    }

    [Fact]
    public async Task A_server_that_takes_no_more_of_the_body_is_given_up_in_time()
    {
        var time = new FakeTimeProvider();
        await using TestConnection connection = await TestConnection.ConnectAsync(TestConnection.Options(timeProvider: time), "PIPELINING");
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(new byte[1_000_000]), Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go");
        await connection.Peer.WaitForOctetsAsync();
        await AssertTimesOut(time, send, SmtpStage.Body, 180);
    }

    [Fact]
    public async Task A_server_that_refuses_and_takes_no_more_of_the_body_is_believed()
    {
        var time = new FakeTimeProvider();
        await using TestConnection connection = await TestConnection.ConnectAsync(
            TestConnection.Options(timeProvider: time), isHeardAtOnce: true, "PIPELINING");
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(new byte[1_000_000]), Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go");
        await connection.Peer.WaitForOctetsAsync();

        // It looks out for this while it writes, and has it before its time is over.
        await connection.Peer.SayAsync("552 5.3.4 too big\r\n");
        time.Advance(TimeSpan.FromSeconds(181));
        SendResult result = await send.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.Equal("<b@d.test> PermanentFailure at Body: 552 5.3.4 too big", result.Recipients[0].ToString());
    }

    [Fact]
    public async Task A_reply_that_drips_in_has_no_more_time_than_one_that_comes_at_once()
    {
        var time = new FakeTimeProvider();
        await using TestConnection connection = await TestConnection.ConnectAsync(TestConnection.Options(timeProvider: time), "PIPELINING");
        Task noop = connection.Client.NoopAsync(Token).AsTask();
        await connection.Peer.RunAsync("C: NOOP");
        for (int passed = 0; passed < 299; passed += 13)
        {
            await connection.Peer.SayAsync(passed == 0 ? "250 " : "x");
            await connection.Peer.WaitUntilHeardAsync();
            Assert.False(noop.IsCompleted, $"After {passed} s.");
            time.Advance(TimeSpan.FromSeconds(13));
        }

        await AssertTimesOutNow(time, noop, SmtpStage.Noop);
    }

    /// <summary>
    /// Moves the clock to just before the stage's time, when the task still waits, and past it, when it has failed. The client must have begun
    /// to wait: only then does its deadline count from where the clock stands.
    /// </summary>
    private static async Task AssertTimesOut(FakeTimeProvider time, Task task, SmtpStage stage, int seconds)
    {
        for (int passed = 1; passed < seconds; passed++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            Assert.False(task.IsCompleted, $"After {passed} s, not {seconds}.");
        }

        await AssertTimesOutNow(time, task, stage);
    }

    /// <summary>Moves the clock by the second that is left of a task's time, and what a timer may be late.</summary>
    private static async Task AssertTimesOutNow(FakeTimeProvider time, Task task, SmtpStage stage)
    {
        time.Advance(TimeSpan.FromSeconds(1.1));
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(() => task.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.Equal((TransportFailure.TimedOut, stage), (error.Failure, error.Stage));
    }

    private static SmtpConnectionOptions Secure(SmtpTlsMode mode, X509Certificate2 expected, SmtpCredentials credentials)
    {
        string hash = expected.GetCertHashString();
        return new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            Tls = mode,
            Credentials = credentials,
            CertificateValidation = (_, certificate, _, _) => certificate?.GetCertHashString() == hash,
        };
    }

    private static async Task AssertTlsFails(X509Certificate2 certificate, SmtpConnectionOptions options)
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        Task script = new ScriptedPeer(far, certificate).RunAsync(
            "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n<tls>\nC: nothing");
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(
            async () => await SmtpConnection.ConnectAsync(near, options, Token));
        Assert.Equal((TransportFailure.TlsFailed, SmtpStage.TlsHandshake), (error.Failure, error.Stage));
        await Assert.ThrowsAnyAsync<Exception>(() => script);
    }
}
