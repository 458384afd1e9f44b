using System.Globalization;
using System.Text;
using Smtp.Core;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Exim, which sends by BDAT where it can: Postfix takes BDAT but never sends it.</summary>
[Trait("Category", "Interop")]
public sealed class EximTests
{
    // Debian installs one mail server at a time; its files can stand beside another's.
    private const string Package = "exim4-daemon-light is beside Postfix only if unpacked: dpkg-deb -x exim4-daemon-light_*.deb /opt/exim4; useradd --system Debian-exim";

    public static TheoryData<string> Names => Letters.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Relays_by_BDAT_under_TLS(string letter)
    {
        await using var server = InteropServer.Start();
        byte[] content = Letters.WithWholeLines(Letters.Get(letter));
        await RelayAsync(server, content, "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "RCPT TO:<c@example.net>");
        RecordedMessage message = await server.Sink.NextEndedAsync();
        message.AssertEnded(committed: true);
        Assert.True(message.IsTls);
        Assert.Equal("exim.example.com", message.HelloName);
        Assert.Equal("a@example.com", message.Sender);
        Assert.Equal(["b@example.net", "c@example.net"], message.Recipients.Order(StringComparer.Ordinal));
        Assert.Contains(server.Logs.Entries, e => e.Text.Contains("C: BDAT ", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Logs.Entries, e => e.Text.Contains("C: DATA", StringComparison.Ordinal));
        Assert.StartsWith("Received: from ", message.Text, StringComparison.Ordinal);
        AssertSameBody(content, message);
    }

    [Fact]
    public async Task Relays_DSN_and_UTF8_addresses()
    {
        await using var server = InteropServer.Start();
        await RelayAsync(
            server,
            Letters.Get("short"),
            Encoding.Latin1.GetString("MAIL FROM:<jürgen@example.com> SMTPUTF8 RET=HDRS ENVID=QQ+2B314159"u8),
            Encoding.Latin1.GetString("RCPT TO:<用户@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2B@example.org"u8));
        RecordedMessage message = await server.Sink.NextEndedAsync();
        message.AssertEnded(committed: true);
        Assert.True(message.SmtpUtf8);
        Assert.Equal("jürgen@example.com", message.Sender);
        Assert.Equal("用户@example.net", message.Recipients.Single());
        Assert.Equal(DsnNotify.Success | DsnNotify.Delay, message.Notify.Single());
        Assert.Equal("rfc822;first+2B@example.org", message.OriginalRecipients.Single());
        Assert.Equal(DsnReturn.Headers, message.Return);
        Assert.Equal("QQ+2B314159", message.EnvelopeId);
    }

    [Fact]
    public async Task Hears_that_a_chunk_was_refused()
    {
        await using var server = InteropServer.Start(messages: new BufferedMessageSink((_, _, _, _) =>
            ValueTask.FromResult(SmtpReply.Create(554, new EnhancedStatus(5, 7, 1), "Not wanted here"))));
        string log = await RelayAsync(server, Letters.Get("short"), "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>");
        Assert.Contains("554 5.7.1 Not wanted here", log, StringComparison.Ordinal);
    }

    /// <summary>Lets Exim take a message, relay it at once and end.</summary>
    /// <returns>Exim's log.</returns>
    private static async Task<string> RelayAsync(InteropServer server, byte[] content, params string[] envelope)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["spool"]);
        folder.Share("spool");
        string exim = ExternalProgram.Demand("exim4", Package, Assert.Skip);
        ExternalProgram.DemandThat(Environment.UserName == "root", "Exim takes a configuration of our own from root only: run the tests as root", Assert.Skip);
        await File.WriteAllTextAsync(folder["exim.conf"], Configuration(exim, folder, server.Port), TestContext.Current.CancellationToken);
        string stuffed = Encoding.Latin1.GetString(content).Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        string dialogue = "EHLO submitter.example.com\r\n" + string.Concat(envelope.Select(line => line + "\r\n")) + "DATA\r\n" + stuffed + ".\r\nQUIT\r\n";
        string said = await ExternalRun.SucceedAsync(exim, Package, ["-C", folder["exim.conf"], "-odf", "-bs"], Encoding.Latin1.GetBytes(dialogue));
        string log = await File.ReadAllTextAsync(folder["spool/mainlog"], TestContext.Current.CancellationToken);
        Assert.True(said.Contains("221 ", StringComparison.Ordinal), said + log);
        return log;
    }

    private static string Configuration(string exim, TemporaryFolder folder, int port) => string.Create(CultureInfo.InvariantCulture, $"""
        primary_hostname = exim.example.com
        exim_path = {exim}
        spool_directory = {folder["spool"]}
        log_file_path = {folder["spool"]}/%slog
        keep_environment =
        smtp_enforce_sync = false
        dsn_advertise_hosts = *
        smtputf8_advertise_hosts = *
        acl_smtp_rcpt = accept
        acl_smtp_data = accept
        accept_8bitmime = true
        begin routers
        all:
          driver = manualroute
          transport = out
          route_list = * 127.0.0.1
          self = send
        begin transports
        out:
          driver = smtp
          port = {port}
          hosts_require_tls = *
          tls_verify_hosts =
          tls_try_verify_hosts =

        """);

    private static void AssertSameBody(byte[] content, RecordedMessage message)
    {
        // Exim adds fields at the header's end where it sees a submission.
        int body = content.AsSpan().IndexOf("\r\n\r\n"u8);
        Assert.True(message.Content.AsSpan().EndsWith(content.AsSpan(body)), "What arrived is not what was sent.");
    }
}
