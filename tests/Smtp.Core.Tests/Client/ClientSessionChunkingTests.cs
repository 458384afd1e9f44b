namespace Smtp.Core.Tests.Client;

/// <summary>BDAT (RFC 3030), the client's side.</summary>
public sealed class ClientSessionChunkingTests
{
    private const string Flight = "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: BDAT 100 LAST\n";

    [Fact]
    public void A_body_that_fits_goes_in_one_flight_with_its_envelope()
    {
        SessionDialogue dialogue = InFlight();
        Assert.Equal(BodyFraming.OneChunk, dialogue.Session.Framing);
        dialogue.CompleteBody("");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 OK\nS: 250 OK\nS: 250 2.0.0 queued"));
        Assert.Equal("<b@d.test> Accepted at FinalReply: 250 2.0.0 queued", dialogue.Outcomes());
    }

    [Theory]
    [InlineData("S: 550 no sender\nS: 503 no\nS: 503 no", "<b@d.test> PermanentFailure at Mail: 550 no sender", false)]
    [InlineData("S: 250 OK\nS: 550 5.1.1 nobody\nS: 554 no valid recipients", "<b@d.test> PermanentFailure at Recipient: 550 5.1.1 nobody", true)]
    [InlineData("S: 250 OK\nS: 550 5.1.1 nobody\nS: 250 thanks for nothing", "<b@d.test> PermanentFailure at Recipient: 550 5.1.1 nobody", false)]
    [InlineData("S: 250 OK\nS: 250 OK\nS: 452 full", "<b@d.test> TransientFailure at FinalReply: 452 full", true)]
    public void Refusals_in_the_flight_and_what_the_next_transaction_begins_with(string replies, string outcome, bool resets)
    {
        SessionDialogue dialogue = InFlight();
        dialogue.CompleteBody("");
        Assert.Equal(ClientEffect.Completed, dialogue.Run(replies));
        Assert.Equal(outcome, dialogue.Outcomes());
        Begin(dialogue, 100);
        dialogue.Run((resets ? "C: RSET\n" : "") + Flight);
    }

    [Theory]
    [InlineData(false, "", "<b@d.test> TransientFailure at Body")]
    [InlineData(true, "", "<b@d.test> Uncertain at FinalReply")]
    [InlineData(true, "S: 250 OK", "<b@d.test> Uncertain at FinalReply")]
    [InlineData(true, "S: 250 OK\nS: 550 no", "<b@d.test> PermanentFailure at Recipient: 550 no")]
    [InlineData(true, "S: 550 no", "<b@d.test> PermanentFailure at Mail: 550 no")]
    public void A_lost_connection_is_judged_by_what_was_sent_and_not_by_the_replies_that_came(bool complete, string replies, string outcome)
    {
        SessionDialogue dialogue = InFlight();
        if (complete)
        {
            dialogue.CompleteBody("");
            dialogue.Run(replies);
        }

        dialogue.Session.OnDisconnected();
        Assert.Equal(outcome, dialogue.Outcomes());
    }

    [Fact]
    public void A_text_that_does_not_fit_the_window_goes_by_DATA()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "CHUNKING");
        Begin(dialogue, ClientSession.WindowLength);
        Assert.Equal(
            ClientEffect.SendBody,
            dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go"));
        Assert.Equal(BodyFraming.Data, dialogue.Session.Framing);
    }

    [Fact]
    public void In_lockstep_a_chunk_of_any_length_follows_the_last_reply()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("CHUNKING");
        Begin(dialogue, 5_000_000_000);
        Assert.Equal(
            ClientEffect.SendBody,
            dialogue.Run("C: MAIL FROM:<a@c.test>\nS: 250 OK\nC: RCPT TO:<b@d.test>\nS: 250 OK\nC: BDAT 5000000000 LAST"));
        Assert.Equal(BodyFraming.OneChunk, dialogue.Session.Framing);
    }

    [Fact]
    public void In_lockstep_no_recipient_means_no_BDAT()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("CHUNKING");
        Begin(dialogue, 10);
        Assert.Equal(ClientEffect.Completed, dialogue.Run("C: MAIL FROM:<a@c.test>\nS: 250 OK\nC: RCPT TO:<b@d.test>\nS: 550 no"));
    }

    [Fact]
    public void Without_CHUNKING_there_is_no_BDAT()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING");
        Begin(dialogue, 10);
        dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA");
    }

    [Fact]
    public void Binary_content_of_unknown_length_goes_in_chunks_each_answered()
    {
        SessionDialogue dialogue = Chunked("PIPELINING");
        Assert.Equal("BDAT 1000\r\n", dialogue.BeginChunk(1000, isLast: false));
        Assert.Equal("BDAT 2000\r\n", dialogue.BeginChunk(2000, isLast: false));
        Assert.Equal(ClientEffect.NeedInput, dialogue.RunInBody("S: 250 1000 octets"));
        Assert.Equal("BDAT 0 LAST\r\n", dialogue.BeginChunk(0, isLast: true));
        dialogue.CompleteBody("");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 2000 octets\nS: 250 done"));
        Assert.Equal("<b@d.test> Accepted at FinalReply: 250 done", dialogue.Outcomes());
    }

    [Theory]
    [InlineData("PIPELINING", 4)]
    [InlineData("HELP", 1)]
    public void No_more_chunks_are_unanswered_than_may_be(string extension, int most)
    {
        SessionDialogue dialogue = Chunked(extension);
        for (int i = 0; i < most; i++)
        {
            Assert.True(dialogue.Session.CanSendChunk);
            dialogue.BeginChunk(10, isLast: false);
        }

        Assert.False(dialogue.Session.CanSendChunk);
        Assert.Throws<InvalidOperationException>(() => dialogue.BeginChunk(10, isLast: false));
        dialogue.RunInBody("S: 250 OK");
        Assert.True(dialogue.Session.CanSendChunk);
    }

    [Fact]
    public void A_refused_chunk_ends_the_message_and_not_the_connection()
    {
        SessionDialogue dialogue = Chunked("PIPELINING");
        dialogue.BeginChunk(1000, isLast: false);
        dialogue.BeginChunk(1000, isLast: false);
        Assert.Equal(ClientEffect.NeedInput, dialogue.RunInBody("S: 552 5.3.4 too much"));
        Assert.False(dialogue.Session.CanSendChunk);
        Assert.Equal(ClientEffect.Completed, dialogue.RunInBody("S: 503 what?"));
        Assert.Equal("<b@d.test> PermanentFailure at Body: 552 5.3.4 too much", dialogue.Outcomes());
        dialogue.Begin("b@d.test");
        dialogue.Run("C: RSET\nC: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA");
    }

    [Fact]
    public void More_replies_than_chunks_end_the_session()
    {
        SessionDialogue dialogue = Chunked("PIPELINING");
        dialogue.BeginChunk(1000, isLast: false);
        Assert.Equal(ClientEffect.NeedInput, dialogue.RunInBody("S: 250 OK"));
        Assert.Equal(ClientEffect.Violation, dialogue.RunInBody("S: 250 OK"));
        Assert.Equal(PeerViolation.UnexpectedReply, dialogue.Session.Violation);
        Assert.Equal("<b@d.test> TransientFailure at Body", dialogue.Outcomes());
    }

    private static SessionDialogue InFlight()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "CHUNKING");
        Begin(dialogue, 100);
        Assert.Equal(ClientEffect.SendBody, dialogue.Run(Flight));
        return dialogue;
    }

    private static void Begin(SessionDialogue dialogue, long length) => dialogue.Session.BeginTransaction(
        SessionDialogue.Envelope("b@d.test"), new OutgoingBody(BodyType.SevenBit, length, length), dialogue.Report);

    private static SessionDialogue Chunked(string extension)
    {
        SessionDialogue dialogue = SessionDialogue.Ready(extension, "CHUNKING", "BINARYMIME");
        dialogue.Session.BeginTransaction(SessionDialogue.Envelope("b@d.test"), new OutgoingBody(BodyType.BinaryMime), dialogue.Report);
        Assert.Equal(ClientEffect.SendBody, dialogue.Run(extension == "PIPELINING"
            ? "C: MAIL FROM:<a@c.test> BODY=BINARYMIME\nC: RCPT TO:<b@d.test>\nS: 250 OK\nS: 250 OK"
            : "C: MAIL FROM:<a@c.test> BODY=BINARYMIME\nS: 250 OK\nC: RCPT TO:<b@d.test>\nS: 250 OK"));
        Assert.Equal(BodyFraming.Chunks, dialogue.Session.Framing);
        return dialogue;
    }
}
