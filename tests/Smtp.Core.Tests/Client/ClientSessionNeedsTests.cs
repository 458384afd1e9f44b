using System.Text;

namespace Smtp.Core.Tests.Client;

/// <summary>What a message needs of a server, and what is written of an envelope's wishes.</summary>
public sealed class ClientSessionNeedsTests
{
    private static readonly string[] Everything =
        ["PIPELINING", "SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "AUTH PLAIN", "REQUIRETLS", "LIMITS RCPTMAX=2"];

    public static TheoryData<string, SendRefusal, string> Refusals => new()
    {
        { "utf8-path", SendRefusal.NeedsSmtpUtf8, "5.6.7" },
        { "utf8-sender", SendRefusal.NeedsSmtpUtf8, "5.6.7" },
        { "utf8-header", SendRefusal.NeedsSmtpUtf8, "5.6.7" },
        { "8bit", SendRefusal.NeedsEightBitMime, "5.6.3" },
        { "binary", SendRefusal.NeedsBinaryMime, "5.6.3" },
        { "requiretls", SendRefusal.NeedsRequireTls, "5.7.30" },
        { "bare", SendRefusal.BareLineEnding, "5.6.0" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_need_that_is_not_met_refuses_the_message_and_sends_nothing(string need, SendRefusal refusal, string status)
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "SIZE 10");
        OutgoingEnvelope envelope = SessionDialogue.Envelope(need == "utf8-path" ? "j\u00fcrgen@d.test" : "b@d.test", "e@f.test");
        envelope.ReversePath = need == "utf8-sender" ? SmtpPath.Parse("\u00e4@c.test") : envelope.ReversePath;
        envelope.SmtpUtf8 = need == "utf8-header";
        envelope.RequireTls = need == "requiretls";
        BodyType body = need == "8bit" ? BodyType.EightBitMime : need == "binary" ? BodyType.BinaryMime : BodyType.SevenBit;
        dialogue.Session.BeginTransaction(envelope, new OutgoingBody(body), dialogue.Report, need == "bare" ? SendRefusal.BareLineEnding : SendRefusal.None);
        Assert.Equal(ClientEffect.Completed, dialogue.Run(""));
        Assert.All(dialogue.Report, r =>
        {
            Assert.Equal(DeliveryOutcome.PermanentFailure, r.Outcome);
            Assert.Equal(SmtpStage.None, r.Stage);
            Assert.Equal(refusal, r.Refusal);
            Assert.Equal(status, r.Status.ToString());
            Assert.True(r.Reply.IsNone);
            Assert.Contains(refusal.ToText(), r.ToString(), StringComparison.Ordinal);
        });

        // And the session goes on.
        dialogue.Begin("b@d.test");
        dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA");
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public void The_size_is_compared_before_anything_is_sent(long size, bool fits)
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "SIZE 10");
        dialogue.Session.BeginTransaction(SessionDialogue.Envelope("b@d.test"), new OutgoingBody(BodyType.SevenBit, size), dialogue.Report);
        dialogue.Run(fits ? "C: MAIL FROM:<a@c.test> SIZE=10\nC: RCPT TO:<b@d.test>\nC: DATA" : "");
        Assert.Equal(fits ? SendRefusal.None : SendRefusal.TooLarge, dialogue.Report[0].Refusal);
    }

    [Fact]
    public void Every_wish_is_written_where_it_is_understood()
    {
        var dialogue = new SessionDialogue(isTls: true);
        dialogue.Session.BeginHello("client.test"u8);
        dialogue.Run("S: 220 mx\nC: EHLO client.test\nS: 250-mx\n" + string.Concat(Everything.Select(e => $"S: 250-{e}\n")) + "S: 250 HELP");
        dialogue.Session.BeginTransaction(Wishful(), new OutgoingBody(BodyType.EightBitMime, 123), dialogue.Report);
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("""
            C: MAIL FROM:<a@c.test> SIZE=123 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=FULL ENVID=E1 AUTH=s@c.test
            C: RCPT TO:<jürgen@d.test> NOTIFY=FAILURE ORCPT=rfc822;x@y
            C: RCPT TO:<b@d.test>
            C: DATA
            """));
        Assert.Equal(SendRefusal.TooManyRecipients, dialogue.Report[2].Refusal);
        Assert.Equal(DeliveryOutcome.TransientFailure, dialogue.Report[2].Outcome);
    }

    [Fact]
    public void DSN_and_AUTH_wishes_are_left_out_where_they_are_not_understood()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "SMTPUTF8", "8BITMIME");
        OutgoingEnvelope envelope = Wishful();
        envelope.RequireTls = false;
        dialogue.Session.BeginTransaction(envelope, new OutgoingBody(BodyType.EightBitMime, 123), dialogue.Report);
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("""
            C: MAIL FROM:<a@c.test> BODY=8BITMIME SMTPUTF8
            C: RCPT TO:<jürgen@d.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<e@f.test>
            C: DATA
            """));
    }

    [Fact]
    public void REQUIRETLS_needs_TLS_and_not_only_a_server_that_offers_it()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("REQUIRETLS");
        OutgoingEnvelope envelope = SessionDialogue.Envelope("b@d.test");
        envelope.RequireTls = true;
        dialogue.Session.BeginTransaction(envelope, new OutgoingBody(BodyType.SevenBit), dialogue.Report);
        Assert.Equal(SendRefusal.NeedsRequireTls, dialogue.Report[0].Refusal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("null")]
    [InlineData("envid")]
    [InlineData("auth")]
    [InlineData("orcpt")]
    [InlineData("notify")]
    public void What_is_no_envelope_is_refused_before_the_session_is_touched(string fault)
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "DSN");
        OutgoingEnvelope envelope = fault == "none" ? SessionDialogue.Envelope() : SessionDialogue.Envelope("b@d.test");
        byte[] poison = Encoding.ASCII.GetBytes("rfc822;x\r\nRSET");
        SmtpPath path = SmtpPath.Parse("e@f.test");
        switch (fault)
        {
            case "null":
                envelope.Add(SmtpPath.Null);
                break;
            case "envid":
                envelope.EnvelopeId = poison;
                break;
            case "auth":
                envelope.Submitter = poison;
                break;
            case "orcpt":
                envelope.Recipients.Add(new EnvelopeRecipient(path, DsnNotify.Delay, poison));
                break;
            case "notify":
                envelope.Recipients.Add(new EnvelopeRecipient(path, DsnNotify.Never | DsnNotify.Delay, default));
                break;
        }

        Assert.Throws<ArgumentException>("envelope", () =>
            dialogue.Session.BeginTransaction(envelope, new OutgoingBody(BodyType.SevenBit), dialogue.Report));
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
    }

    private static OutgoingEnvelope Wishful()
    {
        OutgoingEnvelope envelope = SessionDialogue.Envelope();
        envelope.RequireTls = true;
        envelope.Return = DsnReturn.Full;
        envelope.EnvelopeId = "E1"u8.ToArray();
        envelope.Submitter = "s@c.test"u8.ToArray();
        envelope.Recipients.Add(new EnvelopeRecipient(SmtpPath.Parse("j\u00fcrgen@d.test"), DsnNotify.Failure, "rfc822;x@y"u8.ToArray()));
        envelope.Add(SmtpPath.Parse("b@d.test"));
        envelope.Add(SmtpPath.Parse("e@f.test"));
        return envelope;
    }
}
