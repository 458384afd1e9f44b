using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Python's smtplib.</summary>
[Trait("Category", "Interop")]
public sealed class PythonTests
{
    public static TheoryData<string> Names => Letters.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Plain(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get(letter);
        await SendAsync(server.Port, "plain", content);
        RecordedMessage message = server.AssertOne(Letters.WithWholeLines(content));
        Assert.Equal(Smtp.Core.BodyType.EightBitMime, message.Body);
        Assert.Equal(["b@example.net", "c@example.net"], message.Recipients);
        Assert.Equal("python.example.com", message.HelloName);
    }

    [Theory]
    [InlineData("starttls")]
    [InlineData("tls")]
    public async Task Under_TLS(string mode)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("50,000 lines");
        await SendAsync(mode == "tls" ? server.TlsPort : server.Port, mode, content);
        server.AssertOne(content, isTls: true);
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task With_AUTH(string mechanism)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("short");
        await SendAsync(server.Port, "starttls", content, mechanism, ScriptedAuthenticator.User, ScriptedAuthenticator.Password);
        server.AssertOne(content, isTls: true, ScriptedAuthenticator.User);
    }

    private static async Task SendAsync(int port, string mode, byte[] content, params string[] credentials)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["letter.eml"], content, TestContext.Current.CancellationToken);
        string script = Path.Combine(AppContext.BaseDirectory, "Interop", "send.py");
        await ExternalRun.SucceedAsync(
            "python3", "python3", [script, $"{port}", mode, folder["letter.eml"], "a@example.com", "b@example.net,c@example.net", .. credentials]);
    }
}
