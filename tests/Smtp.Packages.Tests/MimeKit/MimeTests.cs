using System.Collections.Concurrent;
using System.Net;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Smtp.Client;
using Smtp.Core;
using Smtp.MimeKit;
using Smtp.Server;
using Smtp.Testing;

namespace Smtp.Packages.Tests.Mime;

public sealed class MimeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everybody_gets_it_once_and_nobody_sees_who_is_on_a_blind_copy()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        await using SmtpClient client = Client(server);
        MimeMessage message = Letter();
        message.Cc.Add(new MailboxAddress("Friend again", "friend@example.net"));
        message.Bcc.Add(new MailboxAddress("Secret", "secret@example.org"));
        Assert.True((await client.SendAsync(message, cancellationToken: Token)).IsAccepted);
        ReceivedMessage received = await server.WaitForMessageAsync(cancellationToken: Token);
        Assert.Equal("you@example.com", received.From);
        Assert.Equal(["friend@example.net", "secret@example.org"], received.To);
        Assert.DoesNotContain("secret", received.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(BodyType.SevenBit, received.BodyType);
        using Stream content = received.OpenContent();
        MimeMessage again = await MimeMessage.LoadAsync(content, Token);
        Assert.Equal("Grüße", again.Subject);
        Assert.Equal("Hällo\r\n.\r\n", again.TextBody!.ReplaceLineEndings("\r\n"));
    }

    [Fact]
    public async Task What_is_signed_with_DKIM_verifies_as_it_arrived()
    {
        using System.Security.Cryptography.RSA key = System.Security.Cryptography.RSA.Create(2048);
        AsymmetricCipherKeyPair pair = Org.BouncyCastle.Security.DotNetUtilities.GetRsaKeyPair(key);
        await using SmtpTestServer server = SmtpTestServer.Start();
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = server.Host, Port = server.Port, Tls = SmtpTlsMode.None }, Token);
        var options = new MimeSendOptions { Dkim = new DkimSigner(pair.Private, "example.com", "mail") };
        Assert.True((await connection.SendAsync(Letter(), options, Token)).IsAccepted);
        ReceivedMessage received = await server.WaitForMessageAsync(cancellationToken: Token);
        using Stream content = received.OpenContent();
        MimeMessage again = await MimeMessage.LoadAsync(content, Token);
        Header signature = again.Headers[again.Headers.IndexOf(HeaderId.DkimSignature)];
        Assert.Contains("d=example.com", signature.Value, StringComparison.Ordinal);
        Assert.True(await new DkimVerifier(new OneKey(pair.Public)).VerifyAsync(again, signature, Token));
        again.Subject = "Other";
        Assert.False(await new DkimVerifier(new OneKey(pair.Public)).VerifyAsync(again, signature, Token));
    }

    [Fact]
    public async Task Addresses_of_UTF8_need_SMTPUTF8_and_names_of_domains_do_not()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        await using SmtpClient client = Client(server);
        MimeMessage message = Letter();
        message.To.Clear();
        message.To.Add(new MailboxAddress("", "friend@bücher.example"));
        Assert.True((await client.SendAsync(message, cancellationToken: Token)).IsAccepted);
        Assert.Equal(["friend@xn--bcher-kva.example"], server.Messages[0].To);
        Assert.False(server.Messages[0].SmtpUtf8);
        message.To.Add(new MailboxAddress("", "größe@example.net"));
        Assert.True((await client.SendAsync(message, cancellationToken: Token)).IsAccepted);
        Assert.True(server.Messages[1].SmtpUtf8);
        Assert.Contains("größe@example.net", server.Messages[1].Header("To"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_sender_or_no_recipients_is_said_before_it_is_sent()
    {
        Assert.Contains("no sender", Assert.Throws<ArgumentException>(() => new MimeMessage().ToSmtpMessage()).Message, StringComparison.Ordinal);
        MimeMessage message = Letter();
        message.To.Clear();
        Assert.Contains("no recipients", Assert.Throws<ArgumentException>(() => message.ToSmtpMessage()).Message, StringComparison.Ordinal);
        message.To.Add(new MailboxAddress("", "nobody"));
        Assert.Contains("nobody", Assert.Throws<ArgumentException>(() => message.ToSmtpMessage()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sink_hands_over_what_was_sent()
    {
        var received = new ConcurrentQueue<string>();
        await using var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = new MimeMessageSink((_, envelope, message, _) =>
            {
                received.Enqueue($"{envelope.ReversePath} {message.Subject} {message.Attachments.Count()}");
                return new(message.Subject == "Refused" ? Replies.RelayDenied : Replies.MessageAccepted);
            }),
        });
        server.Start();
        await using var client = new SmtpClient(
            new SmtpClientOptions { Host = "127.0.0.1", Port = ((IPEndPoint)server.EndPoints[0]).Port, Tls = SmtpTlsMode.None });
        MimeMessage message = Letter();
        var builder = new BodyBuilder { TextBody = "See the attachment." };
        builder.Attachments.Add("data.bin", new byte[300_000]);
        message.Body = builder.ToMessageBody();
        Assert.True((await client.SendAsync(message, cancellationToken: Token)).IsAccepted);
        message.Subject = "Refused";
        Assert.Equal(550, (await client.SendAsync(message, cancellationToken: Token)).Recipients[0].Reply.Code);
        Assert.Equal(["you@example.com Grüße 1", "you@example.com Refused 1"], received);
    }

    private static SmtpClient Client(SmtpTestServer server) => new(new SmtpClientOptions { Host = server.Host, Port = server.Port, Tls = SmtpTlsMode.None });

    private static MimeMessage Letter() => new(
        [new MailboxAddress("You", "you@example.com")],
        [new MailboxAddress("Friend", "friend@example.net")],
        "Grüße",
        new TextPart("plain") { Text = "Hällo\r\n.\r\n" });

    private sealed class OneKey(AsymmetricKeyParameter key) : IDkimPublicKeyLocator
    {
        public AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default) => key;

        public Task<AsymmetricKeyParameter> LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken = default) =>
            Task.FromResult(key);
    }
}
