using System.Diagnostics;
using System.Text;
using Smtp.Client;
using Smtp.Interop;

namespace Smtp.Packages.Tests.Forwarding;

/// <summary>swaks sends through a forwarding server to Python's aiosmtpd, and to Exim.</summary>
[Trait("Category", "Interop")]
public sealed class ForwardInteropTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task From_swaks_to_aiosmtpd()
    {
        await using Aiosmtpd next = await Aiosmtpd.StartAsync(withTls: true, Assert.Skip);
        await using Gateway gateway = Gateway.Start(0, next: new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = next.Port,
            CertificateValidation = (_, _, _, _) => true,
        });
        string body = ".\r\n..\r\nGrüße\r\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $".{i}\r\n"));
        (int exit, string output) = await SwaksAsync(gateway, "b@example.net,c@example.net", "Subject: x\r\n\r\n" + body);
        Assert.True(exit == 0, output);
        string content = Encoding.UTF8.GetString(next.Content(1));
        Assert.StartsWith("Received: from ", content, StringComparison.Ordinal);

        // swaks puts its own CRLF before the dot.
        Assert.EndsWith("Subject: x\r\n\r\n" + body + "\r\n", content, StringComparison.Ordinal);
        Assert.Equal("a@example.com", next.Facts(1).GetProperty("from").GetString());
        Assert.Equal(["b@example.net", "c@example.net"], next.Facts(1).GetProperty("to").EnumerateArray().Select(to => to.GetString()));
    }

    [Fact]
    public async Task From_swaks_to_Exim()
    {
        await using MailboxServer next = await MailboxServer.StartEximAsync(Assert.Skip);
        await using Gateway gateway = Gateway.Start(0, next: new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = next.Port,
            CertificateValidation = (_, _, _, _) => true,
        });
        (int exit, string output) = await SwaksAsync(gateway, "known@example.test", "Subject: x\r\n\r\nHello.\r\n");
        Assert.True(exit == 0, output);
        Assert.Matches("<-  250 2\\.0\\.0 OK id=", output);
        Assert.Contains("Hello.", Encoding.ASCII.GetString((await next.ReadMailboxAsync(1, Token))[0]), StringComparison.Ordinal);

        // Who lacks the message, in Exim's words.
        (exit, output) = await SwaksAsync(gateway, "known@example.test,unknown@example.test", "Subject: x\r\n\r\nHello.\r\n");
        Assert.NotEqual(0, exit);
        Assert.Contains("554-5.0.0 1 of 2 recipients have the message, not:", output, StringComparison.Ordinal);
        Assert.Contains("554 5.0.0 <unknown@example.test>: 550 5.0.0 no such user", output, StringComparison.Ordinal);
    }

    private async Task<(int Exit, string Output)> SwaksAsync(Gateway gateway, string to, string message)
    {
        string swaks = ExternalProgram.Demand("swaks", "swaks libnet-ssleay-perl libauthen-sasl-perl", Assert.Skip);
        await File.WriteAllBytesAsync(_folder["message.eml"], Encoding.UTF8.GetBytes(message), Token);
        using var process = Process.Start(new ProcessStartInfo(
            swaks, ["-s", gateway.EndPoint.ToString(), "-f", "a@example.com", "-t", to, "--data", "@" + _folder["message.eml"]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Token);
        string output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, output + await errors);
    }
}
