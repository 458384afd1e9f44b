using System.Text;
using System.Text.Json;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>Real servers.</summary>
[Trait("Category", "Interop")]
public sealed class InteropTests
{
    public static TheoryData<string, byte[]> Contents => new()
    {
        { "short", "Subject: x\r\n\r\nhello\r\n"u8.ToArray() },
        { "dots", "Subject: x\r\n\r\n.\r\n..\r\n.a\r\n.\r\n"u8.ToArray() },
        { "8-bit", "Subject: x\r\n\r\ngr\u00fc\u00dfe\r\n"u8.ToArray() },
        { "50000 lines", Encoding.ASCII.GetBytes("Subject: x\r\n\r\n" + string.Concat(Enumerable.Range(0, 50_000).Select(i => $".line {i}\r\n"))) },
        { "large", Encoding.ASCII.GetBytes("Subject: x\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('z', 70) + "\r\n", 140_000))) },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Aiosmtpd_stores_what_was_sent(bool withTls)
    {
        await using Aiosmtpd server = await Aiosmtpd.StartAsync(withTls, Assert.Skip);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                Tls = withTls ? SmtpTlsMode.StartTlsRequired : SmtpTlsMode.None,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=aiosmtpd.test",
                Credentials = new SmtpCredentials("user", "secret"),
                AllowPlaintextAuthentication = !withTls,
            },
            Token);
        int number = 0;
        foreach ((string _, byte[] content) in Contents.Select(row => (row.Data.Item1, row.Data.Item2)))
        {
            SendResult result = await connection.SendAsync(
                new SmtpMessage("a@c.test", ["b@d.test", "refused@d.test", "e@f.test"], content), Token);
            Assert.Equal(
                [DeliveryOutcome.Accepted, DeliveryOutcome.PermanentFailure, DeliveryOutcome.Accepted],
                result.Recipients.Select(r => r.Outcome));
            Assert.True(server.Content(++number).AsSpan().SequenceEqual(content));
            JsonElement facts = server.Facts(number);
            Assert.Equal(withTls, facts.GetProperty("tls").GetBoolean());
            Assert.Equal("a@c.test", facts.GetProperty("from").GetString());
            Assert.Equal(["b@d.test", "e@f.test"], facts.GetProperty("to").EnumerateArray().Select(e => e.GetString()));
        }

        await connection.QuitAsync(Token);
    }

    [Fact]
    public async Task Aiosmtpd_refuses_a_wrong_password()
    {
        await using Aiosmtpd server = await Aiosmtpd.StartAsync(withTls: false, Assert.Skip);
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(async () => await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                Tls = SmtpTlsMode.None,
                Credentials = new SmtpCredentials("user", "wrong"),
                AllowPlaintextAuthentication = true,
            },
            Token));
        Assert.Equal((SmtpStage.Authenticate, 535), (error.Stage, error.Reply.Code));
    }

    [Theory]
    [InlineData(SmtpTlsMode.None)]
    [InlineData(SmtpTlsMode.StartTlsRequired)]
    public async Task Postfix_delivers_what_was_sent(SmtpTlsMode tls)
    {
        await using PostfixInstance server = await PostfixInstance.StartAsync(Assert.Skip);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                Tls = tls,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=mx.example.test",
            },
            Token);
        Assert.True(connection.Peer.Offers(SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.EightBitMime | SmtpExtensions.Dsn));
        foreach ((string _, byte[] content) in Contents.Select(row => (row.Data.Item1, row.Data.Item2)))
        {
            SendResult result = await connection.SendAsync(
                new SmtpMessage("a@c.test", ["known@example.test", "unknown@example.test", "x@elsewhere.test"], content), Token);
            Assert.Equal(
                ["Accepted 250", "PermanentFailure 550", "PermanentFailure 554"],
                result.Recipients.Select(r => $"{r.Outcome} {r.Reply.Code}"));
            Assert.Equal(new EnhancedStatus(5, 1, 1), result.Recipients[1].Status);
        }

        // All recipients refused: Postfix answers DATA with 554, and the next transaction begins with RSET.
        SendResult refused = await connection.SendAsync(new SmtpMessage("a@c.test", ["unknown@example.test"], "x\r\n"u8.ToArray()), Token);
        Assert.Equal(DeliveryOutcome.PermanentFailure, refused.Recipients[0].Outcome);
        SendResult last = await connection.SendAsync(new SmtpMessage("", ["other@example.test"], "last\r\n"u8.ToArray()), Token);
        Assert.True(last.IsAccepted);
        await connection.QuitAsync(Token);

        IReadOnlyList<byte[]> delivered = await server.ReadMailboxAsync("known", Contents.Count, Token);
        string[] expected = [.. Contents.Select(row => Unix(row.Data.Item2)).Order(StringComparer.Ordinal)];
        string[] actual = [.. delivered.Select(BelowTraceFields).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, actual);
        Assert.Single(await server.ReadMailboxAsync("other", 1, Token));
    }

    /// <summary>A mailbox has LF line ends.</summary>
    private static string Unix(byte[] content) => Encoding.Latin1.GetString(content).Replace("\r\n", "\n", StringComparison.Ordinal);

    private static string BelowTraceFields(byte[] delivered)
    {
        string text = Encoding.Latin1.GetString(delivered);
        return text[text.IndexOf("Subject: x\n", StringComparison.Ordinal)..];
    }
}
