using System.Text;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Delivery.Tests;

public sealed class ReplyClassifierTests
{
    /// <summary>Replies as providers and mailers say them.</summary>
    [Theory]
    [InlineData("550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address", SmtpStage.Recipient, BounceReason.BadMailbox, true)]
    [InlineData("550 5.1.1 <nobody@example.test>: Recipient address rejected: User unknown in virtual mailbox table", SmtpStage.Recipient, BounceReason.BadMailbox, true)]
    [InlineData("550 Requested action not taken: mailbox unavailable", SmtpStage.Recipient, BounceReason.BadMailbox, true)]
    [InlineData("550 No such user here", SmtpStage.Recipient, BounceReason.BadMailbox, true)]
    [InlineData("550 5.2.1 The email account that you tried to reach is disabled.", SmtpStage.Recipient, BounceReason.InactiveMailbox, true)]
    [InlineData("550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", SmtpStage.Recipient, BounceReason.BadMailbox, false)]
    [InlineData("550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", SmtpStage.Recipient, BounceReason.BlockList, false)]
    [InlineData("550 5.1.1 Mailbox unavailable: your IP is listed by RBL", SmtpStage.Recipient, BounceReason.BlockList, false)]
    [InlineData("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your ISP since part of their network is on our block list (S3140).", SmtpStage.Mail, BounceReason.BlockList, false)]
    [InlineData("554 5.7.1 <x@example.test>: Relay access denied", SmtpStage.Recipient, BounceReason.Policy, false)]
    [InlineData("550 5.7.26 This mail has been blocked because the sender is unauthenticated. DKIM = did not pass", SmtpStage.FinalReply, BounceReason.SenderAuthentication, false)]
    [InlineData("554 5.6.0 Message contains a virus", SmtpStage.FinalReply, BounceReason.Content, false)]
    [InlineData("554 Transaction failed", SmtpStage.FinalReply, BounceReason.Content, false)]
    [InlineData("552 5.3.4 Message size exceeds fixed limit", SmtpStage.Mail, BounceReason.TooLarge, false)]
    [InlineData("552 5.2.2 The email account that you tried to reach is over quota", SmtpStage.Recipient, BounceReason.MailboxFull, false)]
    [InlineData("550 5.7.1 Unable to relay", SmtpStage.Recipient, BounceReason.Policy, false)]
    [InlineData("501 5.1.7 Bad sender address syntax", SmtpStage.Mail, BounceReason.BadSender, false)]
    [InlineData("554 5.7.1 You are not welcome", SmtpStage.Greeting, BounceReason.Policy, false)]
    [InlineData("550 5.1.1 whatever", SmtpStage.Greeting, BounceReason.Policy, false)]
    [InlineData("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", SmtpStage.Recipient, BounceReason.BadMailbox, true)]
    public void A_permanent_refusal_is_of_a_kind_and_only_an_address_at_fault_is_suppressed(string reply, SmtpStage stage, BounceReason reason, bool suppresses)
    {
        Classification found = Classify(reply, stage);
        Assert.True(found.IsPermanent);
        Assert.Equal(reason, found.Reason);
        Assert.Equal(suppresses, found.Suppresses);
        Assert.Equal(5, found.Status.Class);
        Assert.Equal("hard", found.Class);
    }

    [Theory]
    [InlineData("421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.", SmtpStage.FinalReply, BounceReason.RateLimit, true)]
    [InlineData("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", SmtpStage.Mail, BounceReason.RateLimit, true)]
    [InlineData("421 Too many concurrent SMTP connections; please try again later.", SmtpStage.Greeting, BounceReason.RateLimit, true)]
    [InlineData("451 4.7.1 Greylisting in action, please come back later", SmtpStage.Recipient, BounceReason.Greylisting, false)]
    [InlineData("450 4.2.0 <x@example.test>: Recipient address rejected: Greylisted, see http://postgrey.example.test", SmtpStage.Recipient, BounceReason.Greylisting, false)]
    [InlineData("452 4.2.2 The email account that you tried to reach is over quota.", SmtpStage.Recipient, BounceReason.MailboxFull, false)]
    [InlineData("451 4.3.0 Temporary lookup failure", SmtpStage.Recipient, BounceReason.System, false)]
    [InlineData("452 4.3.1 Insufficient system storage", SmtpStage.Mail, BounceReason.System, false)]
    [InlineData("451 Local error", SmtpStage.FinalReply, BounceReason.System, false)]
    [InlineData("450 4.1.1 <x@example.test>: Recipient address rejected: unverified address", SmtpStage.Recipient, BounceReason.BadMailbox, false)]
    public void A_transient_refusal_is_of_a_kind_and_never_suppresses(string reply, SmtpStage stage, BounceReason reason, bool isSiteWide)
    {
        Classification found = Classify(reply, stage);
        Assert.False(found.IsPermanent);
        Assert.Equal(reason, found.Reason);
        Assert.False(found.Suppresses);
        Assert.Equal(isSiteWide, found.IsSiteWide);
        Assert.Equal(4, found.Status.Class);
    }

    [Fact]
    public void The_end_of_data_accuses_nobody_of_several_recipients()
    {
        Assert.True(ReplyClassifier.Of(550, new EnhancedStatus(5, 1, 1), "No such user", SmtpStage.FinalReply, recipients: 1).Suppresses);
        Assert.False(ReplyClassifier.Of(550, new EnhancedStatus(5, 1, 1), "No such user", SmtpStage.FinalReply, recipients: 2).Suppresses);
    }

    [Fact]
    public void Failures_of_the_way_are_transient_and_needs_of_the_message_are_not()
    {
        foreach (TransportFailure failure in Enum.GetValues<TransportFailure>())
        {
            Assert.False(ReplyClassifier.Of(failure).IsPermanent);
            Assert.False(ReplyClassifier.Of(failure).Suppresses);
        }

        Assert.True(ReplyClassifier.Of(SendRefusal.NeedsSmtpUtf8).IsPermanent);
        Assert.False(ReplyClassifier.Of(SendRefusal.TooManyRecipients).IsPermanent);
    }

    [Fact]
    public void A_hostile_text_costs_no_more_than_its_length()
    {
        // 64 KB of what the expressions begin to match: over in an instant, or never.
        string text = string.Concat(Enumerable.Repeat("exceeded mailbox user address sending ", 1700));
        Assert.False(ReplyClassifier.Of(450, EnhancedStatus.None, text, SmtpStage.Recipient).IsPermanent);
    }

    private static Classification Classify(string reply, SmtpStage stage)
    {
        byte[] text = Encoding.ASCII.GetBytes(reply[4..]);
        int code = int.Parse(reply.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture);
        _ = EnhancedStatus.TryParse(text, out EnhancedStatus status, out int length);
        return ReplyClassifier.Of(code, status, reply[(4 + length)..].TrimStart(), stage);
    }
}
