using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>The event ids of the README that a plain connection of good order never logs.</summary>
public sealed class SmtpClientEventTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TLS_is_1001_and_AUTH_1002()
    {
        using X509Certificate2 certificate = TestCertificate.Create("mail.example.com");
        await using var server = new OwnServerTests.Running(certificate);
        var log = new ListLogger();
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(server.Options(new SmtpCredentials("user", "pencil"), ["PLAIN"], log), Token);
        string secured = log.LineOf(1001);
        Assert.Contains("Tls1", secured, StringComparison.Ordinal);
        Assert.Contains(connection.Tls!.CipherSuite.ToString(), secured, StringComparison.Ordinal);
        Assert.EndsWith("by PLAIN", log.LineOf(1002), StringComparison.Ordinal);
        Assert.DoesNotContain(log.Lines, line => line.Contains("pencil", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_gone_at_QUIT_is_1022_and_no_failure()
    {
        await using var server = new LoopbackServer((step, _) => step == ServerStep.Idle ? ServerAct.Close : ServerAct.GoOn);
        var log = new ListLogger();
        await using (SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = "127.0.0.1", Port = server.Port, LocalName = "client.test", Tls = SmtpTlsMode.None, LoggerFactory = log }, Token))
        {
            Assert.True((await connection.SendAsync(LoopbackServer.Message("last"), Token)).IsAccepted);
            while (server.Open > 0)
            {
                await Task.Delay(1, Token);
            }
        }

        Assert.EndsWith("was gone before it had answered QUIT", log.LineOf(1022), StringComparison.Ordinal);
        Assert.DoesNotContain(1020, log.Events);
    }

    [Fact]
    public async Task A_wait_that_was_too_long_is_1103_and_a_connection_broken_off_1106()
    {
        await using var server = new LoopbackServer((step, name) => step == ServerStep.Recipient && name == "stalls" ? ServerAct.Stall : ServerAct.GoOn);
        var log = new ListLogger();
        var clock = new FakeTimeProvider();
        var client = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = server.Port,
            LocalName = "client.test",
            Tls = SmtpTlsMode.None,
            LoggerFactory = log,
            MaximumConnections = 1,
            AcquireTimeout = TimeSpan.FromSeconds(1),
            TimeProvider = clock,
            ShutdownGrace = TimeSpan.Zero,
        });
        await client.VerifyAsync(Token);
        Task<SendResult> stalls = client.SendAsync(LoopbackServer.Message("stalls"), Token).AsTask();
        Task<SendResult> waits = client.SendAsync(LoopbackServer.Message("late"), Token).AsTask();
        clock.Advance(TimeSpan.FromSeconds(1));
        SmtpTransportException late = await Assert.ThrowsAsync<SmtpTransportException>(() => waits);
        Assert.Equal(TransportFailure.PoolTimedOut, late.Failure);
        Assert.EndsWith("the pool has 1", log.LineOf(1103), StringComparison.Ordinal);

        await client.CloseAsync(Token);
        await Assert.ThrowsAsync<SmtpTransportException>(() => stalls);
        Assert.Contains("broke 1 connections off", log.LineOf(1106), StringComparison.Ordinal);
    }
}
