namespace Smtp.Server.Tests;

/// <summary>msmtp, the sendmail of small machines.</summary>
[Trait("Category", "Interop")]
public sealed class MsmtpTests
{
    public static TheoryData<string> Names => Letters.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Plain(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get(letter);
        await SendAsync(server.Port, content, "--tls=off", "--auth=off");
        RecordedMessage message = server.AssertOne(Letters.WithWholeLines(content));
        Assert.Equal(["b@example.net", "c@example.net"], message.Recipients);
    }

    [Theory]
    [InlineData("plain", true)]
    [InlineData("login", true)]
    [InlineData("plain", false)]
    public async Task Under_TLS_with_AUTH(string mechanism, bool startTls)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.Get("dots");
        await SendAsync(
            startTls ? server.Port : server.TlsPort,
            content,
            "--tls=on",
            "--tls-starttls=" + (startTls ? "on" : "off"),
            "--tls-certcheck=off",
            "--auth=" + mechanism,
            "--user=" + ScriptedAuthenticator.User,
            "--passwordeval=echo " + ScriptedAuthenticator.Password);
        server.AssertOne(content, isTls: true, ScriptedAuthenticator.User);
    }

    private static async Task SendAsync(int port, byte[] content, params string[] options) =>
        await ExternalRun.SucceedAsync(
            "msmtp",
            "msmtp",
            [
                "--file=/dev/null", "--host=127.0.0.1", $"--port={port}", "--from=a@example.com", "--timeout=30",
                "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off", .. options, "--", "b@example.net", "c@example.net",
            ],
            content);
}
