using System.Reflection;
using System.Text;
using System.Text.Json;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>More real servers: Exim by BDAT, nodemailer's smtp-server.</summary>
[Trait("Category", "Interop")]
public sealed class InteropMoreTests
{
    internal static readonly string NodeScripts = Path.Combine(
        typeof(InteropMoreTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ProjectDirectory").Value!,
        "..",
        "Smtp.Server.Tests",
        "Interop",
        "nodemailer");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Exim_delivers_what_was_sent(bool useChunking)
    {
        await using MailboxServer server = await MailboxServer.StartEximAsync(Assert.Skip);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                UseChunking = useChunking,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=mx.example.test",
                Credentials = new SmtpCredentials("user", "secret"),
            },
            Token);
        Assert.True(connection.IsAuthenticated);
        Assert.True(connection.Peer.Offers(SmtpExtensions.Pipelining | SmtpExtensions.Chunking));
        await SendAndReadAsync(connection, server);

        // All recipients refused in one flight with the body: the next transaction begins with RSET.
        SendResult refused = await connection.SendAsync(new SmtpMessage("a@c.test", ["unknown@example.test"], "x\r\n"u8.ToArray()), Token);
        Assert.Equal(DeliveryOutcome.PermanentFailure, refused.Recipients[0].Outcome);
        Assert.True((await connection.SendAsync(new SmtpMessage("", ["known@example.test"], "Subject: x\r\n\r\n"u8.ToArray()), Token)).IsAccepted);
        await connection.QuitAsync(Token);
    }

    [Theory]
    [InlineData(false, "PLAIN")]
    [InlineData(true, "PLAIN")]
    [InlineData(true, "LOGIN")]
    [InlineData(true, "XOAUTH2")]
    public async Task Smtp_server_of_nodemailer_stores_what_was_sent(bool withTls, string mechanism)
    {
        await using NodeSmtpServer server = await NodeSmtpServer.StartAsync(NodeScripts, withTls, Assert.Skip);
        var forced = new List<bool>();
        SmtpCredentials credentials = mechanism == "XOAUTH2"
            ? SmtpCredentials.ForToken("user", (force, _) =>
            {
                forced.Add(force);
                return new ValueTask<SmtpAccessToken>(new SmtpAccessToken(force ? "good" : "withdrawn"));
            })
            : new SmtpCredentials("user", "secret");
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                Tls = withTls ? SmtpTlsMode.StartTlsRequired : SmtpTlsMode.None,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=node.test",
                Credentials = credentials,
                AuthenticationMechanisms = [mechanism],
                AllowPlaintextAuthentication = !withTls,
            },
            Token);
        Assert.Equal(mechanism == "XOAUTH2" ? [false, true] : [], forced);
        byte[][] contents = [.. InteropTests.Contents.Select(row => row.Data.Item2), [], "no line end"u8.ToArray()];
        SmtpMessage[] messages = [.. contents.Select(content => new SmtpMessage("a@c.test", ["b@d.test", "refused@d.test"], content))];
        SendResult[] results = [.. messages.Select(_ => new SendResult())];
        await connection.SendAllAsync(messages, results, Token);
        await connection.QuitAsync(Token);
        for (int i = 0; i < contents.Length; i++)
        {
            Assert.Equal([DeliveryOutcome.Accepted, DeliveryOutcome.PermanentFailure], results[i].Recipients.Select(r => r.Outcome));
            byte[] expected = contents[i].AsSpan().EndsWith("\r\n"u8) || contents[i].Length == 0 ? contents[i] : [.. contents[i], .. "\r\n"u8];
            Assert.True(server.Content(i + 1).AsSpan().SequenceEqual(expected), $"Message {i} is not what was sent.");
            JsonElement facts = server.Facts(i + 1);
            Assert.Equal((withTls, "user", "a@c.test"), (facts.GetProperty("tls").GetBoolean(), facts.GetProperty("user").GetString(), facts.GetProperty("from").GetString()));
        }
    }

    /// <summary>Sends all contents, one of them to a recipient too that is refused, and compares what is in the mailbox.</summary>
    internal static async Task SendAndReadAsync(SmtpConnection connection, MailboxServer server)
    {
        byte[][] contents = [.. InteropTests.Contents.Select(row => row.Data.Item2)];
        SmtpMessage[] messages = [.. contents.Select(content => new SmtpMessage("a@c.test", ["known@example.test", "unknown@example.test"], content))];
        SendResult[] results = [.. messages.Select(_ => new SendResult())];
        await connection.SendAllAsync(messages, results, Token);
        Assert.All(results, result => Assert.Equal(
            [DeliveryOutcome.Accepted, DeliveryOutcome.PermanentFailure], result.Recipients.Select(r => r.Outcome)));
        IReadOnlyList<byte[]> delivered = await server.ReadMailboxAsync(contents.Length, Token);

        // OpenSMTPD puts fields that are missing behind those that are there; below the header nothing may differ.
        Assert.Equal(
            contents.Select(content => Body(Encoding.Latin1.GetString(content).Replace("\r\n", "\n", StringComparison.Ordinal))).Order(StringComparer.Ordinal),
            delivered.Select(octets => Body(Encoding.Latin1.GetString(octets))).Order(StringComparer.Ordinal));
    }

    private static string Body(string text)
    {
        Assert.Contains("Subject: x\n", text, StringComparison.Ordinal);
        return text[text.IndexOf("\n\n", StringComparison.Ordinal)..];
    }
}
