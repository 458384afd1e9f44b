
namespace Smtp.Core.Tests.Client;

/// <summary>One mail transaction (RFC 5321 §3.3), with and without PIPELINING (RFC 2920).</summary>
public sealed class ClientSessionTransactionTests
{
    [Fact]
    public void With_PIPELINING_a_transaction_is_one_flight()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test", "e@f.test"], "PIPELINING");
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<e@f.test>
            C: DATA
            S: 250 2.1.0 OK
            S: 250 2.1.5 OK
            S: 250 2.1.5 OK
            S: 354 go
            """));
        Assert.Equal(SmtpStage.Body, dialogue.Session.Stage);
        dialogue.CompleteBody();
        Assert.Equal(SmtpStage.FinalReply, dialogue.Session.Stage);
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 2.0.0 queued as 1"));
        Assert.Equal(
            "<b@d.test> Accepted at FinalReply: 250 2.0.0 queued as 1\n<e@f.test> Accepted at FinalReply: 250 2.0.0 queued as 1", dialogue.Outcomes());
        Assert.True(dialogue.Report.IsAccepted);
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
    }

    [Fact]
    public void Without_PIPELINING_each_command_waits_for_its_reply()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test", "e@f.test"]);
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            S: 250 OK
            C: RCPT TO:<b@d.test>
            S: 250 OK
            C: RCPT TO:<e@f.test>
            S: 251 will forward
            C: DATA
            S: 354 go
            """));
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 OK"));
        Assert.True(dialogue.Report.IsAccepted);
    }

    [Theory]
    [InlineData("PIPELINING")]
    [InlineData("HELP")]
    public void Some_recipients_refused(string extension)
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test", "e@f.test", "g@h.test"], extension);
        ClientEffect effect = extension == "PIPELINING"
            ? dialogue.Run("""
                C: MAIL FROM:<a@c.test>
                C: RCPT TO:<b@d.test>
                C: RCPT TO:<e@f.test>
                C: RCPT TO:<g@h.test>
                C: DATA
                S: 250 OK
                S: 550 5.1.1 no such user
                S: 250 OK
                S: 450-4.2.1 mailbox busy
                S: 450 4.2.1 try later
                S: 354 go
                """)
            : dialogue.Run("""
                C: MAIL FROM:<a@c.test>
                S: 250 OK
                C: RCPT TO:<b@d.test>
                S: 550 5.1.1 no such user
                C: RCPT TO:<e@f.test>
                S: 250 OK
                C: RCPT TO:<g@h.test>
                S: 450-4.2.1 mailbox busy
                S: 450 4.2.1 try later
                C: DATA
                S: 354 go
                """);
        Assert.Equal(ClientEffect.SendBody, effect);
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 OK"));
        Assert.Equal(
            """
            <b@d.test> PermanentFailure at Recipient: 550 5.1.1 no such user
            <e@f.test> Accepted at FinalReply: 250 OK
            <g@h.test> TransientFailure at Recipient: 450 4.2.1 mailbox busy / 4.2.1 try later
            """.ReplaceLineEndings("\n"),
            dialogue.Outcomes());
        Assert.False(dialogue.Report.IsAccepted);
        Assert.Equal(new EnhancedStatus(5, 1, 1), dialogue.Report[0].Status);
    }

    [Fact]
    public void Pipelined_all_recipients_refused_and_354_is_answered_with_a_dot_alone()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 550 5.1.1 no
            S: 354 go
            C: .
            S: 554 5.5.1 no valid recipients
            """));
        Assert.Equal("<b@d.test> PermanentFailure at Recipient: 550 5.1.1 no", dialogue.Outcomes());

        // The end of data has ended the transaction: the next one needs no RSET.
        dialogue.Begin("b@d.test");
        dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            """);
    }

    [Fact]
    public void A_250_to_the_lonely_dot_makes_no_recipient_accepted()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 450 later
            S: 354 go
            C: .
            S: 250 OK
            """));
        Assert.Equal("<b@d.test> TransientFailure at Recipient: 450 later", dialogue.Outcomes());
    }

    [Fact]
    public void Pipelined_all_recipients_refused_and_DATA_too_then_the_next_transaction_starts_with_RSET_in_its_flight()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 550 no
            S: 503 no valid recipients
            """));
        dialogue.Begin("b@d.test");
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("""
            C: RSET
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 250 OK
            S: 354 go
            """));
    }

    [Fact]
    public void In_lockstep_all_recipients_refused_means_no_DATA_and_RSET_before_the_next_MAIL()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test", "e@f.test"]);
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            S: 250 OK
            C: RCPT TO:<b@d.test>
            S: 550 no
            C: RCPT TO:<e@f.test>
            S: 551 no
            """));
        dialogue.Begin("b@d.test");
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("""
            C: RSET
            S: 250 OK
            C: MAIL FROM:<a@c.test>
            """));
    }

    [Fact]
    public void RSET_of_ones_own_spares_the_next_transaction_its_RSET()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"]);
        dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            S: 250 OK
            C: RCPT TO:<b@d.test>
            S: 550 no
            """);
        dialogue.Session.BeginReset();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("C: RSET\nS: 250 OK"));
        dialogue.Begin("b@d.test");
        dialogue.Run("C: MAIL FROM:<a@c.test>");
    }

    [Fact]
    public void Pipelined_MAIL_refused_decides_all_whatever_comes_behind()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test", "e@f.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<e@f.test>
            C: DATA
            S: 451 4.7.1 greylisted
            S: 503 no MAIL
            S: 250 nonsense
            S: 354 more nonsense
            C: .
            S: 250 nothing was sent
            """));
        Assert.Equal("<b@d.test> TransientFailure at Mail: 451 4.7.1 greylisted\n<e@f.test> TransientFailure at Mail: 451 4.7.1 greylisted", dialogue.Outcomes());
    }

    [Fact]
    public void In_lockstep_MAIL_refused_ends_the_transaction()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"]);
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            S: 550 5.7.1 not you
            """));
        Assert.Equal("<b@d.test> PermanentFailure at Mail: 550 5.7.1 not you", dialogue.Outcomes());
        dialogue.Begin("b@d.test");
        dialogue.Run("C: MAIL FROM:<a@c.test>");
    }

    [Fact]
    public void DATA_refused_decides_the_accepted()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test", "e@f.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<e@f.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 550 no
            S: 451 4.3.0 not now
            """));
        Assert.Equal("<b@d.test> TransientFailure at Data: 451 4.3.0 not now\n<e@f.test> PermanentFailure at Recipient: 550 no", dialogue.Outcomes());
        dialogue.Begin("b@d.test");
        dialogue.Run("C: RSET\nC: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA");
    }

    [Fact]
    public void The_final_reply_may_refuse()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 554 5.7.1 spam"));
        Assert.Equal("<b@d.test> PermanentFailure at FinalReply: 554 5.7.1 spam", dialogue.Outcomes());
        dialogue.Begin("b@d.test");
        dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA");
    }

    [Theory]
    [InlineData("S: 421 4.3.2 bye", SmtpStage.Mail, "<b@d.test> TransientFailure at Mail: 421 4.3.2 bye")]
    [InlineData("S: 250 OK\nS: 421 4.3.2 bye", SmtpStage.Recipient, "<b@d.test> TransientFailure at Recipient: 421 4.3.2 bye")]
    [InlineData("S: 250 OK\nS: 550 no\nS: 421 bye", SmtpStage.Data, "<b@d.test> PermanentFailure at Recipient: 550 no")]
    [InlineData("S: 250 OK\nS: 250 OK\nS: 421 bye", SmtpStage.Data, "<b@d.test> TransientFailure at Data: 421 bye")]
    public void A_421_ends_the_session_anywhere(string replies, SmtpStage stage, string outcome)
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Closing, dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\n" + replies));
        Assert.Equal(outcome, dialogue.Outcomes());
        Assert.Equal(stage, dialogue.Session.Stage);
        Assert.Equal(ClientPhase.Closed, dialogue.Session.Phase);
    }

    [Fact]
    public void A_421_to_the_end_of_data_is_a_refusal_and_no_doubt()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Closing, dialogue.Run("S: 421 4.3.0 no room"));
        Assert.Equal("<b@d.test> TransientFailure at FinalReply: 421 4.3.0 no room", dialogue.Outcomes());
    }

    [Theory]
    [InlineData("S: 552 5.3.4 too big", "<b@d.test> PermanentFailure at Body: 552 5.3.4 too big")]
    [InlineData("S: 421 4.3.0 disk full", "<b@d.test> TransientFailure at Body: 421 4.3.0 disk full")]
    public void A_refusal_inside_the_body_breaks_it_off(string reply, string outcome)
    {
        SessionDialogue dialogue = InBody();
        Assert.Equal(ClientEffect.Closing, dialogue.RunInBody(reply));
        Assert.Equal(outcome, dialogue.Outcomes());
    }

    [Fact]
    public void A_refusal_in_the_packet_of_the_354_comes_before_the_body()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Closing, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 354 go
            S: 451 4.3.0 or rather not
            """));
        Assert.Equal("<b@d.test> TransientFailure at Body: 451 4.3.0 or rather not", dialogue.Outcomes());
    }

    [Theory]
    [InlineData("S: 354 go", SmtpStage.Mail)]
    [InlineData("S: 250 OK\nS: 354 go", SmtpStage.Recipient)]
    [InlineData("S: 250 OK\nS: 250 OK\nS: 250 OK", SmtpStage.Data)]
    [InlineData("S: 334 ", SmtpStage.Mail)]
    public void A_code_that_is_no_answer_ends_the_session(string replies, SmtpStage stage)
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.Violation, dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\n" + replies));
        Assert.Equal(PeerViolation.UnexpectedCode, dialogue.Session.Violation);
        Assert.Equal(stage, dialogue.Session.Stage);
        Assert.Equal($"<b@d.test> TransientFailure at {stage}", dialogue.Outcomes());
    }

    [Fact]
    public void A_violation_behind_the_end_of_data_leaves_it_uncertain()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Violation, dialogue.Run("S: 354 again?"));
        Assert.Equal("<b@d.test> Uncertain at FinalReply", dialogue.Outcomes());
        Assert.True(dialogue.Report.MayHaveBeenCommitted);
    }

    [Theory]
    [InlineData(false, "<b@d.test> TransientFailure at Body")]
    [InlineData(true, "<b@d.test> Uncertain at FinalReply")]
    public void A_lost_connection_is_judged_by_what_was_sent(bool complete, string outcome)
    {
        SessionDialogue dialogue = InBody();
        if (complete)
        {
            dialogue.CompleteBody();
        }

        dialogue.Session.OnDisconnected();
        Assert.Equal(outcome, dialogue.Outcomes());
        Assert.Equal(complete, dialogue.Report.MayHaveBeenCommitted);
    }

    [Fact]
    public void A_positive_reply_inside_the_body_is_no_reply_to_anything()
    {
        SessionDialogue dialogue = InBody();
        Assert.Equal(ClientEffect.Violation, dialogue.RunInBody("S: 250 taken"));
        Assert.Equal(PeerViolation.UnexpectedReply, dialogue.Session.Violation);
        Assert.Equal("<b@d.test> TransientFailure at Body", dialogue.Outcomes());
    }

    [Fact]
    public void More_replies_than_commands_end_the_session_before_anything_is_sent()
    {
        SessionDialogue dialogue = InBody();
        dialogue.CompleteBody();
        dialogue.RunRaw("250 taken\r\n250 and again\r\n", ClientEffect.Completed, out string left);
        Assert.Equal("250 and again\r\n", left);
        Assert.True(dialogue.Report.IsAccepted);
        dialogue.Begin("b@d.test");
        dialogue.RunRaw(left, ClientEffect.Violation, out _);
        Assert.Equal(PeerViolation.UnexpectedReply, dialogue.Session.Violation);
    }

    [Theory]
    [InlineData("421 4.4.2 idle for too long\r\n", ClientEffect.Closing)]
    [InlineData("421 4.4.2 idle for", ClientEffect.Violation)]
    [InlineData("250 hello\r\n", ClientEffect.Violation)]
    public void What_came_between_operations_is_read_before_a_command_is_written(string input, ClientEffect expected)
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        dialogue.RunRaw(input, expected, out _);
        Assert.Equal(DeliveryOutcome.TransientFailure, dialogue.Report[0].Outcome);
    }

    [Fact]
    public void No_more_is_unanswered_than_the_window_takes()
    {
        string[] recipients = [.. Enumerable.Range(0, 2000).Select(i => $"user{i:D4}@d.test")];
        SessionDialogue dialogue = SessionDialogue.Sending(recipients, "PIPELINING");
        int largest = dialogue.RunAll(accept: i => i % 2 == 0);
        Assert.InRange(largest, ClientSession.WindowLength / 2, ClientSession.WindowLength + 100);
        Assert.Equal(1000, dialogue.Report.CountOf(DeliveryOutcome.PermanentFailure));
        dialogue.CompleteBody();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 OK"));
        Assert.Equal(1000, dialogue.Report.CountOf(DeliveryOutcome.Accepted));
    }

    private static SessionDialogue InBody()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING");
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 354 go
            """));
        return dialogue;
    }
}
