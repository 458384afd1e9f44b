using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Smtp.Core;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

public sealed class NotificationTests
{
    private const string Header = "From: ann@example.test\r\nTo: bob@example.net\r\nSubject: order\r\n";
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 14, 0, 0, TimeSpan.Zero);
    private readonly NotificationWriter _writer = new("relay.example.test", new FakeTimeProvider(Now));

    private static NotifiedRecipient Bob { get; } = new(
        "bob@example.net",
        "rfc822;bob+2Borders@example.net",
        "5.1.1",
        "550 5.1.1 <bob@example.net>: no such user\nask the postmaster",
        "mx.example.net",
        "The receiver refused it.",
        Now);

    [Fact]
    public void A_failure_is_told_with_all_that_RFC_3464_wants()
    {
        using MimeMessage read = Load(_writer.Write(NotificationAction.Failed, Message(DsnReturn.Headers), [Bob]));
        Assert.Equal("ann@example.test", Assert.Single(read.To.Mailboxes).Address);
        Assert.Equal("auto-replied", read.Headers["Auto-Submitted"]);
        Assert.Equal(Now, read.Date);
        MultipartReport report = Assert.IsType<MultipartReport>(read.Body);
        Assert.Equal("delivery-status", report.ReportType);
        MessageDeliveryStatus status = Assert.IsType<MessageDeliveryStatus>(report[1]);
        Assert.Equal("dns; relay.example.test", status.StatusGroups[0]["Reporting-MTA"]);
        Assert.Equal("a b", status.StatusGroups[0]["Original-Envelope-Id"]);
        HeaderList group = status.StatusGroups[1];
        Assert.Equal("rfc822; bob+orders@example.net", group["Original-Recipient"]);
        Assert.Equal("rfc822; bob@example.net", group["Final-Recipient"]);
        Assert.Equal("failed", group["Action"]);
        Assert.Equal("5.1.1", group["Status"]);
        Assert.Equal("dns; mx.example.net", group["Remote-MTA"]);
        Assert.Equal("smtp; 550 5.1.1 <bob@example.net>: no such user ask the postmaster", group["Diagnostic-Code"]);
        Assert.Equal("text/rfc822-headers", report[2].ContentType.MimeType);
        TextRfc822Headers returned = Assert.IsType<TextRfc822Headers>(report[2]);
        Assert.Equal("order", returned.Message!.Subject);
    }

    [Theory]
    [InlineData("plain body\r\n")]
    [InlineData("8-bit: gr\u00fc\u00dfe\r\n")]
    public void With_RET_FULL_the_message_comes_back_as_it_was(string body)
    {
        byte[] notification = _writer.Write(NotificationAction.Failed, Message(DsnReturn.Full, body), [Bob]);
        Assert.True(notification.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Header + "\r\n" + body)) > 0);
        using MimeMessage read = Load(notification);
        MessagePart returned = Assert.IsType<MessagePart>(((MultipartReport)read.Body!)[2]);
        Assert.Equal("order", returned.Message!.Subject);
    }

    [Fact]
    public void A_large_message_comes_back_as_its_header_even_with_RET_FULL()
    {
        byte[] notification = _writer.Write(
            NotificationAction.Failed, Message(DsnReturn.Full, new string('x', NotificationWriter.LargestReturned)), [Bob]);
        Assert.InRange(notification.Length, 500, 4000);
    }

    [Fact]
    public void A_delay_says_how_long_the_relay_goes_on()
    {
        using MimeMessage read = Load(_writer.Write(
            NotificationAction.Delayed, Message(DsnReturn.Full), [Bob with { Status = "4.4.1", Diagnostic = "", OriginalRecipient = "" }], Now.AddDays(5)));
        HeaderList group = ((MessageDeliveryStatus)((MultipartReport)read.Body!)[1]).StatusGroups[1];
        Assert.Equal("delayed", group["Action"]);
        Assert.Equal("Sun, 29 Nov 2026 14:00:00 +0000", group["Will-Retry-Until"]);
        Assert.False(group.Contains("Diagnostic-Code"));
        Assert.False(group.Contains("Original-Recipient"));
    }

    [Fact]
    public void Addresses_in_UTF_8_make_an_international_notification()
    {
        byte[] notification = _writer.Write(
            NotificationAction.Failed, Message(DsnReturn.Headers) with { ReversePath = "gr\u00fc\u00dfe@example.test" }, [Bob with { Address = "b\u00f6b@example.net" }]);
        string text = Encoding.UTF8.GetString(notification);
        Assert.Contains("message/global-delivery-status", text, StringComparison.Ordinal);
        Assert.Contains("Final-Recipient: utf-8; b\u00f6b@example.net", text, StringComparison.Ordinal);
        Assert.Contains("gr\u00fc\u00dfe@example.test", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NotificationAction.Failed, DsnNotify.Unspecified, true)]
    [InlineData(NotificationAction.Failed, DsnNotify.Success, false)]
    [InlineData(NotificationAction.Failed, DsnNotify.Failure | DsnNotify.Delay, true)]
    [InlineData(NotificationAction.Failed, DsnNotify.Never, false)]
    [InlineData(NotificationAction.Delayed, DsnNotify.Unspecified, true)]
    [InlineData(NotificationAction.Delayed, DsnNotify.Failure, false)]
    [InlineData(NotificationAction.Delayed, DsnNotify.Never, false)]
    [InlineData(NotificationAction.Relayed, DsnNotify.Unspecified, false)]
    [InlineData(NotificationAction.Relayed, DsnNotify.Success, true)]
    [InlineData(NotificationAction.Delivered, DsnNotify.Success | DsnNotify.Failure, true)]
    public void What_is_told_is_what_the_sender_wants_and_never_to_the_null_path(NotificationAction action, DsnNotify notify, bool wanted)
    {
        Assert.Equal(wanted, NotificationWriter.IsWanted(action, notify, "ann@example.test"));
        Assert.False(NotificationWriter.IsWanted(action, notify, string.Empty));
    }

    [Fact]
    public async Task Our_own_reader_and_Pythons_read_what_the_writer_wrote()
    {
        byte[] notification = _writer.Write(NotificationAction.Failed, Message(DsnReturn.Full), [Bob, Bob with { Address = "eve@example.net", OriginalRecipient = "" }]);
        InboundReport report = await ReportReader.ReadAsync(new MemoryStream(notification), TestContext.Current.CancellationToken);
        Assert.Equal(["bob@example.net", "eve@example.net"], report.Recipients.Select(r => r.Address));
        Assert.Equal("bob+orders@example.net", report.Recipients[0].OriginalAddress);
        Assert.Equal((550, new EnhancedStatus(5, 1, 1)), (report.Recipients[0].Code, report.Recipients[0].Status));

        string python = ExternalProgram.Demand("python3", "python3", Assert.Skip);
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["dsn.eml"], notification, TestContext.Current.CancellationToken);
        const string Script = """
            import sys, email, email.policy
            m = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
            parts = list(m.iter_parts())
            print(m.get_content_type(), m.get_param('report-type'), len(m.defects), [p.get_content_type() for p in parts])
            print([b['Action'] + ' ' + b['Final-Recipient'] for b in parts[1].get_payload()[1:] if b['Action']], parts[2].get_payload()[0]['Subject'])
            """;
        using Process process = Process.Start(new ProcessStartInfo(python, ["-c", Script, folder["dsn.eml"]]) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            "multipart/report delivery-status 0 ['text/plain', 'message/delivery-status', 'message/rfc822']\n"
            + "['failed rfc822; bob@example.net', 'failed rfc822; eve@example.net'] order\n",
            output);
    }

    [Theory]
    [InlineData("From: x@example.net\r\nSubject: Out of office\r\n\r\nI am away.\r\n")]
    [InlineData("")]
    [InlineData("\0\0\0")]
    [InlineData("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nnonsense\r\n--b--\r\n")]
    public async Task What_is_no_report_says_nothing(string message)
    {
        InboundReport report = await ReportReader.ReadAsync(new MemoryStream(Encoding.ASCII.GetBytes(message)), TestContext.Current.CancellationToken);
        Assert.Empty(report.Recipients);
        Assert.False(report.IsComplaint);
    }

    [Fact]
    public async Task A_complaint_is_told_from_a_bounce()
    {
        const string Message = "From: fbl@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            + "--b\r\n\r\nspam\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\nUser-Agent: x\r\n\r\n--b--\r\n";
        Assert.True((await ReportReader.ReadAsync(new MemoryStream(Encoding.ASCII.GetBytes(Message)), TestContext.Current.CancellationToken)).IsComplaint);
    }

    private static MimeMessage Load(byte[] message) => MimeMessage.Load(new MemoryStream(message));

    private static NotifiedMessage Message(DsnReturn wanted, string body = "the body\r\n") => new(
        "0192f0c0a1b27c3d8e4f5a6b7c8d9e0f", "ann@example.test", "a+20b", wanted, Now.AddHours(-1), Encoding.UTF8.GetBytes(Header + "\r\n" + body));
}
