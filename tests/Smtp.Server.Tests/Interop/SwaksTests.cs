using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>swaks, the tester of mail administrators.</summary>
[Trait("Category", "Interop")]
public sealed class SwaksTests
{
    public static TheoryData<string> Names => Letters.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Plain(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get(letter);
        await SwaksAsync(server.Port, content);
        RecordedMessage message = server.AssertOne(Sent(content));
        Assert.Equal("a@example.com", message.Sender);
        Assert.Equal(["b@example.net", "c@example.net"], message.Recipients);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pipelined(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get(letter);
        await SwaksAsync(server.Port, content, "--pipeline");
        server.AssertOne(Sent(content));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task With_STARTTLS(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get(letter);
        await SwaksAsync(server.Port, content, "--tls");
        server.AssertOne(Sent(content), isTls: true);
    }

    [Fact]
    public async Task With_implicit_TLS()
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("50,000 lines");
        await SwaksAsync(server.TlsPort, content, "--tlsc");
        server.AssertOne(Sent(content), isTls: true);
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task With_AUTH(string mechanism)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("short");
        await SwaksAsync(
            server.Port, content, "--tls", "--auth", mechanism, "--auth-user", ScriptedAuthenticator.User, "--auth-password", ScriptedAuthenticator.Password);
        server.AssertOne(Sent(content), isTls: true, ScriptedAuthenticator.User);
    }

    /// <summary>swaks puts a line break behind whatever it is given.</summary>
    private static byte[] Sent(byte[] content) => [.. content, .. "\r\n"u8];

    private static async Task SwaksAsync(int port, byte[] content, params string[] options)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["letter.eml"], content, TestContext.Current.CancellationToken);
        await ExternalRun.SucceedAsync(
            "swaks",
            "swaks libnet-ssleay-perl libio-socket-ssl-perl libauthen-sasl-perl libnet-dns-perl",
            [
                "--server", "127.0.0.1", "--port", $"{port}", "--from", "a@example.com", "--to", "b@example.net,c@example.net",
                "--helo", "swaks.example.com", "--timeout", "30", "--data", "@" + folder["letter.eml"], .. options,
            ]);
    }
}
