using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Smtp.Server.Tests;

/// <summary>MailKit, what most .NET programs send with.</summary>
[Trait("Category", "Interop")]
public sealed class MailKitTests
{
    [Fact]
    public async Task Plain_to_several_recipients()
    {
        await using var server = InteropServer.Start();
        MimeMessage letter = Letter("Hello.\r\n.\r\n..two\r\n");
        letter.Cc.Add(MailboxAddress.Parse("c@example.net"));
        letter.Bcc.Add(MailboxAddress.Parse("d@example.net"));
        using SmtpClient client = await ConnectAsync(server.Port, SecureSocketOptions.None);
        await client.SendAsync(letter, TestContext.Current.CancellationToken);
        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
        RecordedMessage message = server.AssertOne(Octets(letter));
        Assert.Equal(["b@example.net", "c@example.net", "d@example.net"], message.Recipients);
        Assert.DoesNotContain("Bcc", message.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Many_messages_on_one_connection()
    {
        await using var server = InteropServer.Start();
        using SmtpClient client = await ConnectAsync(server.Port, SecureSocketOptions.None);
        for (int i = 0; i < 50; i++)
        {
            await client.SendAsync(Letter($"message {i}\r\n"), TestContext.Current.CancellationToken);
        }

        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
        Assert.Equal(50, server.Sink.Messages.Count);
        Assert.All(server.Sink.Messages, (m, i) => Assert.EndsWith($"\r\n\r\nmessage {i}\r\n", m.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Under_TLS_with_AUTH(bool startTls)
    {
        await using var server = InteropServer.Start();
        MimeMessage letter = Letter("Hello.\r\n");
        using SmtpClient client = await ConnectAsync(
            startTls ? server.Port : server.TlsPort, startTls ? SecureSocketOptions.StartTls : SecureSocketOptions.SslOnConnect);
        await client.AuthenticateAsync(ScriptedAuthenticator.User, ScriptedAuthenticator.Password, TestContext.Current.CancellationToken);
        await client.SendAsync(letter, TestContext.Current.CancellationToken);
        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
        server.AssertOne(Octets(letter), isTls: true, ScriptedAuthenticator.User);
    }

    [Fact]
    public async Task A_wrong_password()
    {
        await using var server = InteropServer.Start();
        using SmtpClient client = await ConnectAsync(server.Port, SecureSocketOptions.StartTls);
        await Assert.ThrowsAsync<AuthenticationException>(
            () => client.AuthenticateAsync(ScriptedAuthenticator.User, "wrong", TestContext.Current.CancellationToken));
        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(400_000)]
    public async Task Eight_bit_and_large(int lines)
    {
        await using var server = InteropServer.Start();
        MimeMessage letter = Letter(string.Concat(Enumerable.Repeat("Grüße aus Köln, 日本語.\r\n", lines)));
        using SmtpClient client = await ConnectAsync(server.Port, SecureSocketOptions.None);
        await client.SendAsync(letter, TestContext.Current.CancellationToken);
        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
        RecordedMessage message = server.AssertOne(Octets(letter));
        Assert.Equal(Smtp.Core.BodyType.EightBitMime, message.Body);
        using var stream = new MemoryStream(message.Content);
        MimeMessage parsed = await MimeMessage.LoadAsync(stream, TestContext.Current.CancellationToken);
        Assert.Equal(letter.TextBody, parsed.TextBody);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task As_binary_data_by_BDAT(int lines)
    {
        await using var server = InteropServer.Start();
        MimeMessage letter = Letter(string.Concat(Enumerable.Repeat(".Grüße\r\n.\r\n", lines)), ContentEncoding.Binary);
        using SmtpClient client = await ConnectAsync(server.Port, SecureSocketOptions.StartTls, new BinarySmtpClient());
        await client.SendAsync(letter, TestContext.Current.CancellationToken);
        await client.DisconnectAsync(true, TestContext.Current.CancellationToken);
        RecordedMessage message = server.AssertOne(Octets(letter), isTls: true);
        Assert.Equal(Smtp.Core.BodyType.BinaryMime, message.Body);
        Assert.Contains(server.Logs.Entries, e => e.Text.Contains("C: BDAT ", StringComparison.Ordinal));
    }

    private static async Task<SmtpClient> ConnectAsync(int port, SecureSocketOptions security, SmtpClient? client = null)
    {
        client ??= new SmtpClient();
        client.LocalDomain = "mailkit.example.com";
        client.CheckCertificateRevocation = false;
#pragma warning disable CA5359 // What is tested is the server; its certificate is made on the spot.
        client.ServerCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        await client.ConnectAsync("127.0.0.1", port, security, TestContext.Current.CancellationToken);
        return client;
    }

    private static MimeMessage Letter(string text, ContentEncoding encoding = ContentEncoding.EightBit)
    {
        var letter = new MimeMessage { Subject = "interop", Body = new TextPart("plain") { Text = text, ContentTransferEncoding = encoding } };
        letter.From.Add(MailboxAddress.Parse("a@example.com"));
        letter.To.Add(MailboxAddress.Parse("b@example.net"));
        return letter;
    }

    /// <summary>The message as MailKit sends it.</summary>
    private static byte[] Octets(MimeMessage letter)
    {
        FormatOptions format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        format.HiddenHeaders.Add(HeaderId.ContentLength);
        format.HiddenHeaders.Add(HeaderId.ResentBcc);
        format.HiddenHeaders.Add(HeaderId.Bcc);
        using var stream = new MemoryStream();
        letter.WriteTo(format, stream);
        return stream.ToArray();
    }

    private sealed class BinarySmtpClient : SmtpClient
    {
        protected override bool PreferSendAsBinaryData => true;
    }
}
