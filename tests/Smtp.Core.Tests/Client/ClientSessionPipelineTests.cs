namespace Smtp.Core.Tests.Client;

/// <summary>The next envelope behind a body.</summary>
public sealed class ClientSessionPipelineTests
{
    private const string Envelope = "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<n@d.test>\nC: DATA\n";

    private readonly TransactionReport _next = new();

    [Fact]
    public void Each_message_costs_one_round_trip()
    {
        SessionDialogue dialogue = BehindBody();
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run(Envelope + "S: 250 first"));
        Assert.Equal("<b@d.test> Accepted at FinalReply: 250 first", dialogue.Outcomes());
        Assert.Equal("<n@d.test> Pending at None", Outcomes(_next));
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("S: 250 OK\nS: 250 OK\nS: 354 go"));
        dialogue.CompleteBody();
        Assert.True(dialogue.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), default, dialogue.Report));
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run(Envelope + "S: 250 second"));
        Assert.Equal("<n@d.test> Accepted at FinalReply: 250 second", Outcomes(_next));
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("S: 250 OK\nS: 250 OK\nS: 354 go"));
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 third"));
        Assert.Equal("<n@d.test> Accepted at FinalReply: 250 third", dialogue.Outcomes());
    }

    [Fact]
    public void What_becomes_of_one_says_nothing_of_the_other()
    {
        SessionDialogue dialogue = BehindBody();
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run(Envelope + "S: 554 spam"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 OK\nS: 550 nobody\nS: 503 no recipients"));
        Assert.Equal("<b@d.test> PermanentFailure at FinalReply: 554 spam", dialogue.Outcomes());
        Assert.Equal("<n@d.test> PermanentFailure at Recipient: 550 nobody", Outcomes(_next));

        // The second one is open at the server still.
        dialogue.Begin("b@d.test");
        dialogue.Run("C: RSET\nC: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA");
    }

    [Theory]
    [InlineData("", "<b@d.test> Uncertain at FinalReply", "<n@d.test> TransientFailure at Mail")]
    [InlineData("S: 250 first", "<b@d.test> Accepted at FinalReply: 250 first", "<n@d.test> TransientFailure at Mail")]
    [InlineData("S: 421 bye", "<b@d.test> TransientFailure at FinalReply: 421 bye", "<n@d.test> TransientFailure at Mail: 421 bye")]
    [InlineData("S: 250 first\nS: 250 OK\nS: 421 bye", "<b@d.test> Accepted at FinalReply: 250 first", "<n@d.test> TransientFailure at Recipient: 421 bye")]
    [InlineData("S: 354 what?", "<b@d.test> Uncertain at FinalReply", "<n@d.test> TransientFailure at Mail")]
    public void A_session_that_ends_tells_both(string replies, string first, string second)
    {
        SessionDialogue dialogue = BehindBody();
        string[] parts = replies.Split("\n", 2);
        dialogue.Run(Envelope + parts[0]);
        if (parts.Length > 1)
        {
            dialogue.Run(parts[1]);
        }

        dialogue.Session.OnDisconnected();
        Assert.Equal(first, dialogue.Outcomes());
        Assert.Equal(second, Outcomes(_next));
    }

    [Fact]
    public void One_that_is_refused_at_once_leaves_room_for_another()
    {
        SessionDialogue dialogue = InFinalReply("PIPELINING", "SIZE 100");
        Assert.True(dialogue.Session.TryBeginNextTransaction(
            SessionDialogue.Envelope("n@d.test"), new OutgoingBody(BodyType.SevenBit, 101), _next));
        Assert.Equal("<n@d.test> PermanentFailure at None: The message is larger than the server accepts.", Outcomes(_next));
        Assert.True(dialogue.Session.TryBeginNextTransaction(
            SessionDialogue.Envelope("n@d.test"), new OutgoingBody(BodyType.SevenBit, 100), _next));
        Assert.Equal(
            ClientEffect.NeedInput, dialogue.Run("C: MAIL FROM:<a@c.test> SIZE=100\nC: RCPT TO:<n@d.test>\nC: DATA"));
    }

    [Fact]
    public void There_are_times_when_none_is_taken()
    {
        Assert.False(Try(SessionDialogue.Ready("PIPELINING")));
        Assert.False(Try(SessionDialogue.Sending(["b@d.test"], "PIPELINING")));
        Assert.False(Try(InFinalReply("HELP")));
        SessionDialogue dialogue = InFinalReply("PIPELINING", "CHUNKING", "BINARYMIME");
        Assert.False(dialogue.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), new OutgoingBody(BodyType.BinaryMime), _next));
        Assert.True(Try(dialogue));
        Assert.False(Try(dialogue));

        bool Try(SessionDialogue session) => session.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), default, _next);
    }

    [Fact]
    public void LIMITS_are_kept()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "LIMITS MAILMAX=2 RCPTMAX=3 RCPTDOMAINMAX=2");
        dialogue.Begin("b@d.test", "c@e.test", "d@f.test", "e@d.test");
        dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: RCPT TO:<c@e.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 250 OK\nS: 354 go");
        dialogue.CompleteBody();
        dialogue.Run("S: 250 OK");
        Assert.Equal(
            """
            <b@d.test> Accepted at FinalReply: 250 OK
            <c@e.test> Accepted at FinalReply: 250 OK
            <d@f.test> TransientFailure at None: The server does not take recipients of so many domains over one connection.
            <e@d.test> TransientFailure at None: The server does not take so many recipients in one transaction.
            """,
            dialogue.Outcomes());
        Assert.False(dialogue.Session.IsExhausted);

        // The domains are the connection's and not the message's; a message without a recipient left is none.
        dialogue.Begin("d@f.test");
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
        dialogue.Begin("b@D.test");
        dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@D.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go");
        dialogue.CompleteBody();
        dialogue.Run("S: 250 OK");
        Assert.True(dialogue.Session.IsExhausted);
        dialogue.Begin("b@d.test");
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
        Assert.Equal("<b@d.test> TransientFailure at None: The server takes no more messages over this connection.", dialogue.Outcomes());
    }

    private SessionDialogue BehindBody()
    {
        SessionDialogue dialogue = InFinalReply("PIPELINING");
        Assert.True(dialogue.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), default, _next));
        return dialogue;
    }

    private static SessionDialogue InFinalReply(params string[] extensions)
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], extensions);
        dialogue.RunAll(_ => true);
        dialogue.CompleteBody();
        return dialogue;
    }

    private static string Outcomes(TransactionReport report) => string.Join('\n', report.Select(r => r.ToString()));
}
