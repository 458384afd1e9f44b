using System.Text.Json;
using Smtp.Core;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>nodemailer, what most Node.js programs send with.</summary>
[Trait("Category", "Interop")]
public sealed class NodemailerTests
{
    private static readonly string Folder = Path.Combine(Repository.Project, "Interop", "nodemailer");

    public static TheoryData<string> Names => Letters.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Plain(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get(letter);
        await SendAsync(new { host = "127.0.0.1", port = server.Port, ignoreTLS = true, name = "node.example.com" }, content);
        RecordedMessage message = server.AssertOne(Letters.WithWholeLines(content));
        Assert.Equal(["b@example.net", "c@example.net"], message.Recipients);
        Assert.Equal("node.example.com", message.HelloName);
    }

    [Theory]
    [InlineData(true, "PLAIN")]
    [InlineData(true, "LOGIN")]
    [InlineData(false, "PLAIN")]
    public async Task Under_TLS_with_AUTH(bool startTls, string mechanism)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("dots");
        await SendAsync(
            new
            {
                host = "127.0.0.1",
                port = startTls ? server.Port : server.TlsPort,
                secure = !startTls,
                requireTLS = true,
                authMethod = mechanism,
                auth = new { user = ScriptedAuthenticator.User, pass = ScriptedAuthenticator.Password },
                tls = new { rejectUnauthorized = false },
            },
            content);
        server.AssertOne(content, isTls: true, ScriptedAuthenticator.User);
    }

    [Fact]
    public async Task With_a_token()
    {
        var authenticator = new ScriptedAuthenticator
        {
            OnAuthenticate = (credentials, _) => ValueTask.FromResult(
                credentials.Token == "ya29.t0ken" ? AuthenticationResult.Success(credentials.AuthenticationIdentity) : AuthenticationResult.Failure),
        };
        await using var server = InteropServer.Start(authenticator: authenticator, mechanisms: ["XOAUTH2"]);
        byte[] content = Letters.Get("short");
        await SendAsync(
            new
            {
                host = "127.0.0.1",
                port = server.TlsPort,
                secure = true,
                auth = new { type = "OAuth2", user = "alice@example.com", accessToken = "ya29.t0ken" },
                tls = new { rejectUnauthorized = false },
            },
            content);
        server.AssertOne(content, isTls: true, "alice@example.com");
    }

    [Fact]
    public async Task Through_its_pool()
    {
        await using var server = InteropServer.Start();
        string said = await SendAsync(
            new { pool = true, maxConnections = 5, host = "127.0.0.1", port = server.TlsPort, secure = true, tls = new { rejectUnauthorized = false } },
            Letters.Get("dots"),
            times: 100);
        Assert.Equal(100, said.Split('\n').Count(line => line.StartsWith("250 2.0.0", StringComparison.Ordinal)));
        Assert.Equal(100, server.Sink.Messages.Count);
        Assert.All(server.Sink.Messages, message =>
        {
            message.AssertEnded(committed: true);
            Assert.True(message.Content.AsSpan().SequenceEqual(Letters.Get("dots")));
        });
        Assert.InRange(server.Sink.Messages.Select(m => m.RemoteEndPoint).Distinct().Count(), 1, 5);
    }

    [Fact]
    public async Task With_DSN_and_UTF8_addresses()
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("short");
        await SendAsync(
            new { host = "127.0.0.1", port = server.Port, ignoreTLS = true },
            content,
            recipients: ["用户@example.net"],
            dsn: new { id = "+=id", @return = "headers", notify = "success,delay", recipient = "orig@example.org" });
        RecordedMessage message = server.AssertOne(content);
        Assert.True(message.SmtpUtf8);
        Assert.Equal("用户@example.net", message.Recipients.Single());
        Assert.Equal(DsnReturn.Headers, message.Return);
        Assert.Equal("+2B+3Did", message.EnvelopeId);
        Assert.Equal(DsnNotify.Success | DsnNotify.Delay, message.Notify.Single());
        Assert.Equal("rfc822;orig@example.org", message.OriginalRecipients.Single());
    }

    private static Task<string> SendAsync(object options, byte[] content, int times = 1, string[]? recipients = null, object? dsn = null)
    {
        ExternalProgram.DemandThat(
            Directory.Exists(Path.Combine(Folder, "node_modules", "nodemailer")), $"nodemailer is not installed: npm ci --prefix {Folder}", Assert.Skip);
        object message = new
        {
            envelope = new { from = "a@example.com", to = recipients ?? ["b@example.net", "c@example.net"], dsn },
            raw = content,
            dsn,
        };
        return ExternalRun.SucceedAsync(
            "node", "nodejs", [Path.Combine(Folder, "send.js")], JsonSerializer.SerializeToUtf8Bytes(new { options, times, message }));
    }
}
