using System.Text;

namespace Smtp.Server.Tests;

/// <summary>OpenSSL's own client, which tells what was agreed.</summary>
[Trait("Category", "Interop")]
public sealed class OpenSslTests
{
    private const string Dialogue =
        "EHLO openssl.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n";

    [Theory]
    [InlineData("-tls1_2", "TLSv1.2", true)]
    [InlineData("-tls1_3", "TLSv1.3", true)]
    [InlineData("-tls1_2", "TLSv1.2", false)]
    [InlineData("-tls1_3", "TLSv1.3", false)]
    public async Task Under_both_versions(string option, string version, bool startTls)
    {
        await using var server = InteropServer.Start();
        string said = await ExternalRun.SucceedAsync(
            "openssl",
            "openssl",
            [
                "s_client", "-connect", $"127.0.0.1:{(startTls ? server.Port : server.TlsPort)}", "-servername", "mail.example.com", option,
                "-ign_eof", "-nocommands", .. startTls ? (string[])["-starttls", "smtp"] : [],
            ],
            Encoding.ASCII.GetBytes(Dialogue));
        Assert.Contains(version, said, StringComparison.Ordinal);
        Assert.Contains("Server certificate", said, StringComparison.Ordinal);
        Assert.Contains("221 2.0.0", said, StringComparison.Ordinal);
        server.AssertOne("Subject: x\r\n\r\n.dot\r\n"u8.ToArray(), isTls: true);
    }

    [Theory]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", true)]
    [InlineData("-tls1_2", false)]
    [InlineData("-tls1_3", false)]
    public async Task A_session_is_resumed(string option, bool startTls)
    {
        await using var server = InteropServer.Start();
        string kept = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Assert.Contains("New, TLSv1.", await ConnectAsync("-sess_out"), StringComparison.Ordinal);
            Assert.Contains("Reused, TLSv1.", await ConnectAsync("-sess_in"), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(kept);
        }

        Assert.Equal(2, server.Sink.Messages.Count);

        Task<string> ConnectAsync(string keep) => ExternalRun.SucceedAsync(
            "openssl",
            "openssl",
            [
                "s_client", "-connect", $"127.0.0.1:{(startTls ? server.Port : server.TlsPort)}", "-servername", "mail.example.com", option,
                "-ign_eof", "-nocommands", keep, kept, .. startTls ? (string[])["-starttls", "smtp"] : [],
            ],
            Encoding.ASCII.GetBytes(Dialogue));
    }

    [Theory]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", true)]
    [InlineData("-tls1_2", false)]
    [InlineData("-tls1_3", false)]
    public async Task Where_certificates_are_asked_for_no_session_is_resumed(string option, bool startTls)
    {
        // A resumed session would bring no certificate with it, and might come from a listener that asked for none.
        await using var server = InteropServer.Start(listeners: new SmtpListenerOptions
        {
            EndPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0),
            Tls = startTls ? TlsMode.StartTls : TlsMode.Implicit,
            ClientCertificates = ClientCertificateMode.Request,
        });
        string kept = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Assert.Contains("New, TLSv1.", await ConnectAsync("-sess_out"), StringComparison.Ordinal);
            string again = File.Exists(kept) ? await ConnectAsync("-sess_in") : string.Empty;
            Assert.DoesNotContain("Reused,", again, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(kept);
        }

        Task<string> ConnectAsync(string keep) => ExternalRun.SucceedAsync(
            "openssl",
            "openssl",
            [
                "s_client", "-connect", $"127.0.0.1:{server.Port}", "-servername", "mail.example.com", option,
                "-ign_eof", "-nocommands", keep, kept, .. startTls ? (string[])["-starttls", "smtp"] : [],
            ],
            Encoding.ASCII.GetBytes(Dialogue));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Renegotiation_is_refused(bool startTls)
    {
        await using var server = InteropServer.Start();

        // The program's own command.
        (int code, string said) = await ExternalRun.EndAsync(
            "openssl",
            "openssl",
            [
                "s_client", "-connect", $"127.0.0.1:{(startTls ? server.Port : server.TlsPort)}", "-servername", "mail.example.com", "-tls1_2",
                .. startTls ? (string[])["-starttls", "smtp"] : [],
            ],
            "R\n"u8.ToArray());
        Assert.NotEqual(0, code);
        Assert.Contains("RENEGOTIATING", said, StringComparison.Ordinal);
        Assert.Matches("no renegotiation|unexpected record|unexpected eof", said);

        // Its connection is over, and nothing else is.
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
        await SendAsync(server, startTls);
        server.AssertOne("Subject: x\r\n\r\n.dot\r\n"u8.ToArray(), isTls: true);
    }

    private static Task<string> SendAsync(InteropServer server, bool startTls) => ExternalRun.SucceedAsync(
        "openssl",
        "openssl",
        [
            "s_client", "-connect", $"127.0.0.1:{(startTls ? server.Port : server.TlsPort)}", "-servername", "mail.example.com", "-tls1_2", "-ign_eof", "-nocommands",
            .. startTls ? (string[])["-starttls", "smtp"] : [],
        ],
        Encoding.ASCII.GetBytes(Dialogue));

    [Theory]
    [InlineData("-tls1", true)]
    [InlineData("-tls1_1", true)]
    [InlineData("-tls1", false)]
    [InlineData("-tls1_1", false)]
    public async Task Not_under_older_ones(string option, bool startTls)
    {
        await using var server = InteropServer.Start();
        (int code, string said) = await ExternalRun.EndAsync(
            "openssl",
            "openssl",
            [
                "s_client", "-connect", $"127.0.0.1:{(startTls ? server.Port : server.TlsPort)}", option, "-cipher", "ALL:@SECLEVEL=0",
                .. startTls ? (string[])["-starttls", "smtp"] : [],
            ],
            Encoding.ASCII.GetBytes(Dialogue));
        Assert.NotEqual(0, code);
        Assert.Contains("alert protocol version", said, StringComparison.Ordinal);
        Assert.Empty(server.Sink.Messages);
    }
}
