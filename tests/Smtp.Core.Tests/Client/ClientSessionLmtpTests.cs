namespace Smtp.Core.Tests.Client;

/// <summary>LMTP (RFC 2033), the client's side.</summary>
public sealed class ClientSessionLmtpTests
{
    [Fact]
    public void Each_accepted_recipient_has_a_final_reply()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("S: 250 2.1.5 delivered"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 452 4.2.2 over quota"));
        Assert.Equal(
            """
            <b@d.test> Accepted at FinalReply: 250 2.1.5 delivered
            <c@d.test> PermanentFailure at Recipient: 550 nobody
            <e@d.test> TransientFailure at FinalReply: 452 4.2.2 over quota
            """,
            dialogue.Outcomes());
    }

    [Fact]
    public void Whose_reply_is_missing_is_uncertain()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("S: 250 delivered"));
        dialogue.Session.OnDisconnected();
        Assert.Equal(
            """
            <b@d.test> Accepted at FinalReply: 250 delivered
            <c@d.test> PermanentFailure at Recipient: 550 nobody
            <e@d.test> Uncertain at FinalReply
            """,
            dialogue.Outcomes());
    }

    [Fact]
    public void The_next_transaction_waits_for_all_final_replies_of_the_first()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        var next = new TransactionReport();
        Assert.True(dialogue.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), default, next));
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<n@d.test>\nC: DATA\nS: 250 delivered"));
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run("S: 250 delivered too"));
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("S: 250 OK\nS: 250 OK\nS: 354 go"));
    }

    [Fact]
    public void A_body_by_BDAT_waits_for_the_replies_to_its_recipients()
    {
        SessionDialogue dialogue = SessionDialogue.Ready(isLmtp: true, ["PIPELINING", "CHUNKING", "BINARYMIME"]);
        dialogue.Session.BeginTransaction(
            SessionDialogue.Envelope("b@d.test", "c@d.test"), new OutgoingBody(BodyType.BinaryMime, 10, 10), dialogue.Report);
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("""
            C: MAIL FROM:<a@c.test> BODY=BINARYMIME
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<c@d.test>
            S: 250 OK
            S: 250 OK
            S: 250 OK
            C: BDAT 10 LAST
            """));
        dialogue.CompleteBody("");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 one\nS: 450 two"));
        Assert.Equal("<b@d.test> Accepted at FinalReply: 250 one\n<c@d.test> TransientFailure at FinalReply: 450 two", dialogue.Outcomes());
    }

    [Fact]
    public void All_recipients_refused_and_354_brings_one_reply()
    {
        SessionDialogue dialogue = Sending("b@d.test");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 550 nobody
            S: 503 no recipients
            """));
    }

    [Fact]
    public void LHLO_has_no_HELO_behind_it()
    {
        var dialogue = new SessionDialogue(isLmtp: true);
        dialogue.Session.BeginHello("client.test"u8);
        Assert.Equal(ClientEffect.Refused, dialogue.Run("S: 220 mx\nC: LHLO client.test\nS: 500 what?"));
    }

    private static SessionDialogue Sending(params string[] recipients)
    {
        SessionDialogue dialogue = SessionDialogue.Ready(isLmtp: true, ["PIPELINING"]);
        dialogue.Begin(recipients);
        return dialogue;
    }

    private static SessionDialogue InBody()
    {
        SessionDialogue dialogue = Sending("b@d.test", "c@d.test", "e@d.test");
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<c@d.test>
            C: RCPT TO:<e@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 550 nobody
            S: 250 OK
            S: 354 go
            """));
        return dialogue;
    }
}
