using System.Diagnostics;
using System.Text;
using MimeKit;
using Relay.Spool;
using Smtp.Interop;
using MessagePriority = Relay.Spool.MessagePriority;

namespace Relay.Host.Tests;

/// <summary>Real programs on both sides of the whole host: swaks submits, and a real mail server stores what comes out.</summary>
[Trait("Category", "Interop")]
public sealed class RealPeerTests
{
    // What a relay could spoil: dots at the beginning of lines, 8-bit text, a long line, spaces at an end, empty lines at the end, and more than the database takes.
    private static readonly string Body =
        ".\r\n..\r\n.dot\r\n Grüße \r\n" + new string('x', 900) + "\r\ntrailing \t\r\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $".{i} line of a large body\r\n")) + "\r\n\r\nend";

    private const string Header = "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nFrom: Ann <known@example.test>\r\nTo: known@example.test\r\nSubject: order\r\n folded\r\n\r\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_swaks_submits_lies_in_the_mailbox_of_a_real_server_as_it_was(bool isSmall)
    {
        await using PostfixInstance postfix = await PostfixInstance.StartAsync(Assert.Skip);
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{postfix.Port}", "--Relay:NextHopTls=StartTls", $"--Relay:NextHopCaPath={postfix.CertificatePath}");
        string message = Header + (isSmall ? Body[..200] : Body);

        await Swaks.SendAsync(relay.EndPoint, message, "--tls", "-f", "known@example.test", "-t", "known@example.test");

        AssertSame(message, Assert.Single(await postfix.ReadMailboxAsync("known", 1, Token)));
    }

    [Fact]
    public async Task What_swaks_submits_lies_in_OpenSMTPDs_mailbox_as_it_was()
    {
        await using MailboxServer server = await MailboxServer.StartOpenSmtpdAsync(Assert.Skip);
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{server.Port}");

        await Swaks.SendAsync(relay.EndPoint, Header + Body, "--tls", "-f", "known@example.test", "-t", "known@example.test");
        await Swaks.SendAsync(relay.EndPoint, Header + "small", "-f", "known@example.test", "-t", "known@example.test");

        IReadOnlyList<byte[]> stored = await server.ReadMailboxAsync(2, Token);
        AssertSame(Header + Body, stored.Single(m => m.Length > 10_000));
        AssertSame(Header + "small", stored.Single(m => m.Length < 10_000));
    }

    [Fact]
    public async Task A_notification_of_the_relays_is_read_by_a_mail_program_and_by_MimeKit()
    {
        string mail = ExternalProgram.Demand("s-nail", "s-nail", Assert.Skip);
        await using PostfixInstance postfix = await PostfixInstance.StartAsync(Assert.Skip);
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{postfix.Port}");

        await Swaks.SendAsync(relay.EndPoint, Header + "small", "-f", "known@example.test", "-t", "nobody@example.test");
        await relay.DrainAsync();
        byte[] stored = Assert.Single(await postfix.ReadMailboxAsync("known", 1, Token));

        using (MimeMessage message = MimeMessage.Load(new MemoryStream(stored), Token))
        {
            var report = Assert.IsType<MultipartReport>(message.Body);
            MessageDeliveryStatus status = Assert.IsType<MessageDeliveryStatus>(report[1]);
            Assert.Equal("failed", status.StatusGroups[1]["Action"]);
            Assert.Equal("5.1.1", status.StatusGroups[1]["Status"]);
            Assert.Equal("rfc822; nobody@example.test", status.StatusGroups[1]["Final-Recipient"]);
            Assert.Equal("order folded", Assert.IsType<TextRfc822Headers>(report[2]).Message!.Subject);
        }

        // As a user of a mail program sees it: the line of the mailbox's list, and the message with its parts.
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["mbox"], [.. "From MAILER-DAEMON Tue Nov 24 12:00:00 2026\n"u8, .. stored, .. "\n"u8], Token);
        string list = await RunAsync(mail, "-:/", "-R", "-H", "-f", folder["mbox"]);
        Assert.Contains("Undelivered", list, StringComparison.Ordinal);
        string shown = await RunAsync(mail, "-:/", "-R", "-#", "-Y", "print 1", "-Y", "exit", "-f", folder["mbox"]);
        Assert.Contains("multipart/report", shown, StringComparison.Ordinal);
        Assert.Contains("message/delivery-status", shown, StringComparison.Ordinal);
        Assert.Contains("<nobody@example.test>", shown, StringComparison.Ordinal);
        Assert.Contains("User unknown in virtual mailbox table", shown, StringComparison.Ordinal);
        Assert.Contains("Subject: order", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submitters_header_says_how_urgent_a_message_is_and_no_recipient_sees_it()
    {
        await using var relay = RunningRelay.Start();

        await Swaks.SendAsync(relay.EndPoint, "X-Relay-Priority: high\r\nX-Relay-Stream: bulk\r\n" + Header + "x", "-f", "a@example.com", "-t", "b@example.net");

        (byte[] content, _) = await relay.CapturedAsync();
        Assert.DoesNotContain("X-Relay", Encoding.UTF8.GetString(content), StringComparison.Ordinal);
        StoredMessage message = Assert.Single(await relay.Servers.Spool.ListAsync(new QueueFilter(), cancellationToken: Token)).Message;
        Assert.Equal((MessagePriority.High, "bulk"), (message.Facts.Priority, message.Facts.Stream));
    }

    /// <summary>Below the fields that the relay and the server added in front, octet by octet; line ends are the mailbox's.</summary>
    private static void AssertSame(string sent, byte[] stored)
    {
        string text = Encoding.UTF8.GetString(stored);
        int start = text.IndexOf("Date: Tue, 24 Nov 2026 12:00:00 +0000", StringComparison.Ordinal);
        Assert.True(start > 0, text[..Math.Min(text.Length, 2000)]);
        Assert.Equal((sent + "\r\n").Replace("\r\n", "\n", StringComparison.Ordinal), text[start..].Replace("\r\n", "\n", StringComparison.Ordinal));
        Assert.Contains("by relay.example.com with ESMTP", text[..start], StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync(Token);
        string output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}\n{await errors}");
        return output;
    }
}
