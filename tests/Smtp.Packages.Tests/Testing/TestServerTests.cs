using Smtp.Client;
using Smtp.Core;
using Smtp.Server;
using Smtp.Testing;

namespace Smtp.Packages.Tests.Testing;

public sealed class TestServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_awaited_and_looked_at()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        Task<ReceivedMessage> waiting = server.WaitForMessageAsync(m => m.To.Contains("second@example.net"), cancellationToken: Token);
        await Letter.SendAsync(server.EndPoint, to: "first@example.net");
        Assert.False(waiting.IsCompleted);
        await Letter.SendAsync(server.EndPoint, to: "second@example.net", text: "Subject: folded\r\n here\r\nX: 1\r\n\r\nBody\r\n.dots\r\n");
        ReceivedMessage message = await waiting;
        Assert.Equal("you@example.com", message.From);
        Assert.Equal("folded here", message.Subject);
        Assert.Equal("1", message.Header("x"));
        Assert.Null(message.Header("y"));
        Assert.Equal("Body\r\n.dots\r\n", message.Body);
        Assert.Equal(2, server.Messages.Count);

        // The second one is handed out; what is left is the first.
        Assert.Equal(["first@example.net"], (await server.WaitForMessageAsync(cancellationToken: Token)).To);
        Assert.Contains(server.Transcript, line => line.EndsWith("C: RCPT TO:<first@example.net>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wait_in_vain_says_what_came()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        await Letter.SendAsync(server.EndPoint);
        TimeoutException error = await Assert.ThrowsAsync<TimeoutException>(
            () => server.WaitForMessageAsync(m => m.Subject == "Other", TimeSpan.FromMilliseconds(50), Token));
        Assert.Contains("From <you@example.com> to <friend@example.net>: Hello", error.Message, StringComparison.Ordinal);
        Assert.Contains("C: MAIL FROM:<you@example.com>", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SmtpTestStep.Sender)]
    [InlineData(SmtpTestStep.Recipient)]
    [InlineData(SmtpTestStep.Data)]
    [InlineData(SmtpTestStep.Body)]
    [InlineData(SmtpTestStep.Commit)]
    public async Task A_refusal_is_what_the_client_sees_and_only_as_often_as_said(SmtpTestStep step)
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        server.On(step).Once().Refuse(550, "5.7.1 Not today");
        SendResult refused = await Letter.SendAsync(server.EndPoint);
        Assert.Equal("550 5.7.1 Not today", refused.Recipients[0].Reply.ToString());
        Assert.Equal(DeliveryOutcome.PermanentFailure, refused.Recipients[0].Outcome);
        Assert.Empty(server.Messages);
        Assert.True((await Letter.SendAsync(server.EndPoint)).IsAccepted);
        Assert.Single(server.Messages);
    }

    [Theory]
    [InlineData(SmtpTestStep.Connect, 554)]
    [InlineData(SmtpTestStep.Hello, 550)]
    [InlineData(SmtpTestStep.Authenticate, 454)]
    public async Task A_refused_session_is_what_the_client_sees(SmtpTestStep step, int code)
    {
        await using SmtpTestServer server = SmtpTestServer.Start(o => o.Users["anna"] = "secret");
        server.On(step).Refuse(code, "4.7.0 no".Replace('4', (char)('0' + (code / 100))));
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(
            () => Letter.SendAsync(server.EndPoint, credentials: new SmtpCredentials("anna", "secret")));
        Assert.Equal(code, error.Reply.Code);
    }

    [Theory]
    [InlineData(SmtpTestStep.Connect, 0)]
    [InlineData(SmtpTestStep.Hello, 0)]
    [InlineData(SmtpTestStep.StartTls, 0)]
    [InlineData(SmtpTestStep.Authenticate, 0)]
    [InlineData(SmtpTestStep.Sender, 0)]
    [InlineData(SmtpTestStep.Recipient, 0)]
    [InlineData(SmtpTestStep.Data, 0)]
    [InlineData(SmtpTestStep.Commit, 0)]
    [InlineData(SmtpTestStep.Committed, 1)]
    public async Task A_dropped_connection_is_what_the_client_sees(SmtpTestStep step, int kept)
    {
        await using SmtpTestServer server = SmtpTestServer.Start(o =>
        {
            o.Tls = TlsMode.StartTls;
            o.Users["anna"] = "secret";

            // With CHUNKING the client sends the whole message in one flight, so that it is nowhere certain what the server has taken.
            o.Extensions &= ~SmtpExtensions.Chunking;
        });
        server.On(step).Once().Drop();
        var credentials = new SmtpCredentials("anna", "secret");
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(
            () => Letter.SendAsync(server.EndPoint, SmtpTlsMode.StartTlsRequired, credentials));
        Assert.Equal(step is SmtpTestStep.Commit or SmtpTestStep.Committed, error.MayHaveBeenCommitted);
        Assert.Equal(kept, server.Messages.Count);
        Assert.True((await Letter.SendAsync(server.EndPoint, SmtpTlsMode.StartTlsRequired, credentials)).IsAccepted);
        ReceivedMessage message = server.Messages[^1];
        Assert.True(message.IsTls);
        Assert.Equal("anna", message.Identity);
    }

    [Fact]
    public async Task A_delay_lets_the_client_wait_and_conditions_choose()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        server.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "slow@example.net").Delay(TimeSpan.FromMinutes(10));
        Assert.True((await Letter.SendAsync(server.EndPoint)).IsAccepted);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = server.Host, Port = server.Port, Tls = SmtpTlsMode.None }, Token);
        Task<SendResult> slow = connection.SendAsync(new SmtpMessage("you@example.com", ["slow@example.net"], "\r\nx\r\n"u8.ToArray()), end.Token).AsTask();
        while (!server.Transcript.Any(line => line.Contains("slow@example.net", StringComparison.Ordinal)))
        {
            await Task.Delay(5, Token);
        }

        Assert.False(slow.IsCompleted);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
    }

    [Fact]
    public async Task What_cannot_act_is_said_at_once()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        Assert.Throws<InvalidOperationException>(() => server.On(SmtpTestStep.Quit).Refuse(550, "no"));
        Assert.Throws<ArgumentOutOfRangeException>(() => server.On(SmtpTestStep.Data).Refuse(250, "yes"));
    }

    [Fact]
    public async Task Clients_of_other_libraries_send_to_it()
    {
        await using SmtpTestServer server = SmtpTestServer.Start(o =>
        {
            o.Tls = TlsMode.Implicit;
            o.Users["anna"] = "secret";
            o.RequireAuthentication = true;
        });
        using var client = new MailKit.Net.Smtp.SmtpClient { ServerCertificateValidationCallback = (_, certificate, _, _) => certificate!.Equals(server.Certificate) };
        await client.ConnectAsync(server.Host, server.Port, MailKit.Security.SecureSocketOptions.SslOnConnect, Token);
        await client.AuthenticateAsync("anna", "secret", Token);
        await client.SendAsync(
            new global::MimeKit.MimeMessage(
                [new global::MimeKit.MailboxAddress("you", "you@example.com")],
                [new global::MimeKit.MailboxAddress("friend", "friend@example.net")],
                "Grüße",
                new global::MimeKit.TextPart("plain") { Text = "Hello" }),
            Token);
        await client.DisconnectAsync(true, Token);
        ReceivedMessage message = await server.WaitForMessageAsync(cancellationToken: Token);
        using Stream content = message.OpenContent();
        Assert.Equal("Grüße", (await global::MimeKit.MimeMessage.LoadAsync(content, Token)).Subject);
    }
}
