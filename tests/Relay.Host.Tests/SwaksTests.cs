using System.Net;
using System.Text;

namespace Relay.Host.Tests;

/// <summary>The first thing that a newcomer does, with the real swaks.</summary>
[Trait("Category", "Interop")]
public sealed class SwaksTests
{
    public static TheoryData<string, string> Messages => new()
    {
        { "leading dots and 8-bit text", "Subject: Grüße\r\n\r\n.\r\n..\r\n.x\r\nä ö ü\r\n" },
        { "50,000 lines", "Subject: x\r\n\r\n" + string.Concat(Enumerable.Range(0, 50_000).Select(i => $".{i}\r\n")) },
        { "empty body", "Subject: x\r\n\r\n" },
        { "no final line break", "Subject: x\r\n\r\nthe end" },
    };

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public async Task A_message_over_TLS_is_captured_as_it_was_sent(string name, string message)
    {
        Assert.NotEmpty(name);
        await using var relay = RunningRelay.Start();

        await SwaksAsync(relay.EndPoint, message, "--tls", "--tls-verify", "--tls-ca-path", relay.Servers.DevelopmentCertificate!.CertificatePath);

        Assert.Equal(Sent(message), Below(await CapturedAsync(relay)));
        Assert.Contains("with ESMTPS\r\n", await CapturedAsync(relay), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PLAIN", false)]
    [InlineData("LOGIN", false)]
    [InlineData("PLAIN", true)]
    public async Task A_user_submits(string mechanism, bool isPipelined)
    {
        await using var relay = RunningRelay.Start("--Relay:Users:alice=secret");

        await SwaksAsync(
            relay.EndPoint,
            "Subject: x\r\n\r\nx\r\n",
            ["--tls", "--auth", mechanism, "--auth-user", "alice", "--auth-password", "secret", .. isPipelined ? ["--pipeline"] : Array.Empty<string>()]);

        Assert.Contains("with ESMTPSA\r\n", await CapturedAsync(relay), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Implicit_TLS_is_taken_on_a_port_of_its_own()
    {
        await using var relay = RunningRelay.Start("--Relay:ListenTls=127.0.0.1:0");

        await SwaksAsync((IPEndPoint)relay.Servers.EndPoints[1], "Subject: x\r\n\r\nx\r\n", "--tlsc");

        Assert.Equal(Sent("Subject: x\r\n\r\nx\r\n"), Below(await CapturedAsync(relay)));
    }

    /// <summary>swaks puts a CRLF behind data that has none, and its own CRLF before the dot behind data that has.</summary>
    private static byte[] Sent(string message) => Encoding.UTF8.GetBytes(message + "\r\n");

    private static async Task<string> CapturedAsync(RunningRelay relay) => Encoding.Latin1.GetString((await relay.CapturedAsync()).Content);

    private static byte[] Below(string content)
    {
        // What the relay adds, Received and what a submission lacks, ends with a time or a Message-ID.
        int end = content.LastIndexOf(" +0000\r\n", StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(content[(end + " +0000\r\n".Length)..]);
    }

    private static Task SwaksAsync(IPEndPoint endPoint, string message, params string[] options) =>
        Swaks.SendAsync(endPoint, message, ["-f", "a@example.com", "-t", "b@example.net", .. options]);
}
