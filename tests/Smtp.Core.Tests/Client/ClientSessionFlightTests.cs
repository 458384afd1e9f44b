using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Core.Tests.Client;

/// <summary>Whole messages, one behind the other, that share a round trip: PIPELINING and CHUNKING.</summary>
public sealed class ClientSessionFlightTests
{
    private const string Reset = "C: RSET\n";
    private const string Next = Reset + "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<n@d.test>\nC: BDAT 4 LAST";

    [Fact]
    public void Three_messages_share_a_round_trip()
    {
        SessionDialogue dialogue = FirstSent();
        TransactionReport second = BeginNext(dialogue);
        TransactionReport third = BeginNext(dialogue);
        Assert.Equal(
            ClientEffect.TransactionCompleted,
            dialogue.Run("S: 250 sender\nS: 250 recipient\nS: 250 first"));
        Assert.Equal("<b@d.test> Accepted at FinalReply: 250 first", dialogue.Outcomes());
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run("S: 250 reset\nS: 250 sender\nS: 250 recipient\nS: 250 second"));
        Assert.Equal("<n@d.test> Accepted at FinalReply: 250 second", Outcomes(second));
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 reset\nS: 250 sender\nS: 250 recipient\nS: 250 third"));
        Assert.Equal("<n@d.test> Accepted at FinalReply: 250 third", Outcomes(third));

        // Nothing is open at the server.
        dialogue.Begin("b@d.test");
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA"));
    }

    [Fact]
    public void A_message_goes_on_behind_those_that_are_still_unanswered()
    {
        SessionDialogue dialogue = FirstSent();
        BeginNext(dialogue);
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run("S: 250 sender\nS: 250 recipient\nS: 250 first"));
        TransactionReport third = BeginNext(dialogue);
        dialogue.Run("S: 250 reset\nS: 250 sender\nS: 250 recipient\nS: 250 second");
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 reset\nS: 250 sender\nS: 550 nobody\nS: 503 no recipients"));
        Assert.Equal("<n@d.test> PermanentFailure at Recipient: 550 nobody", Outcomes(third));

        // A BDAT that was refused leaves a transaction open (RFC 3030 §2).
        dialogue.Begin("b@d.test");
        Assert.Equal(ClientEffect.NeedInput, dialogue.Run("C: RSET\nC: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA"));
    }

    [Theory]
    [InlineData("", "<b@d.test> Uncertain at FinalReply", "<n@d.test> Uncertain at FinalReply")]
    [InlineData("S: 250 a", "<b@d.test> Uncertain at FinalReply", "<n@d.test> Uncertain at FinalReply")]
    [InlineData("S: 550 no\nS: 503 a", "<b@d.test> PermanentFailure at Mail: 550 no", "<n@d.test> Uncertain at FinalReply")]
    [InlineData("S: 250 a\nS: 250 b\nS: 250 c", "<b@d.test> Accepted at FinalReply: 250 c", "<n@d.test> Uncertain at FinalReply")]
    [InlineData("S: 250 a\nS: 421 bye", "<b@d.test> TransientFailure at Recipient: 421 bye", "<n@d.test> TransientFailure at Mail: 421 bye")]
    [InlineData("S: 250 a\nS: 250 b\nS: 421 bye", "<b@d.test> TransientFailure at FinalReply: 421 bye", "<n@d.test> TransientFailure at Mail: 421 bye")]
    [InlineData("S: 354 what?", "<b@d.test> Uncertain at FinalReply", "<n@d.test> Uncertain at FinalReply")]
    public void A_session_that_ends_tells_all(string replies, string first, string second)
    {
        SessionDialogue dialogue = FirstSent();
        TransactionReport next = BeginNext(dialogue);
        if (replies.Length > 0)
        {
            dialogue.Run(replies);
        }

        dialogue.Session.OnDisconnected();
        Assert.Equal(first, dialogue.Outcomes());
        Assert.Equal(second, Outcomes(next));
    }

    [Fact]
    public void A_server_that_cannot_reset_is_not_trusted_with_the_next_message()
    {
        SessionDialogue dialogue = FirstSent();
        TransactionReport next = BeginNext(dialogue);
        dialogue.Run("S: 250 sender\nS: 250 recipient\nS: 554 not this");
        Assert.Equal(ClientEffect.Violation, dialogue.Run("S: 500 RSET?"));
        Assert.Equal(PeerViolation.UnexpectedCode, dialogue.Session.Violation);
        Assert.Equal("<n@d.test> Uncertain at FinalReply", Outcomes(next));
    }

    [Fact]
    public void Behind_DATA_a_chunk_needs_no_reset()
    {
        SessionDialogue dialogue = SessionDialogue.Sending(["b@d.test"], "PIPELINING", "CHUNKING");
        dialogue.RunAll(_ => true);
        dialogue.CompleteBody();
        var next = new TransactionReport();
        Assert.True(dialogue.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), new OutgoingBody(BodyType.SevenBit, 4, 4), next));
        Assert.Equal(ClientEffect.SendBody, dialogue.Run(Next[Reset.Length..]));
        dialogue.CompleteBody("next");
        Assert.Equal(ClientEffect.TransactionCompleted, dialogue.Run("S: 554 not this"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run("S: 250 sender\nS: 250 recipient\nS: 250 taken"));
        Assert.Equal("<n@d.test> Accepted at FinalReply: 250 taken", Outcomes(next));
    }

    [Fact]
    public void No_more_go_than_fit_the_window()
    {
        SessionDialogue dialogue = FirstSent();
        var report = new TransactionReport();
        OutgoingEnvelope envelope = SessionDialogue.Envelope("n@d.test");
        Assert.True(dialogue.Session.CanBeginNext);
        Assert.False(dialogue.Session.FitsBehind(envelope, new OutgoingBody(BodyType.SevenBit, 16_100, 16_100)));
        Assert.False(dialogue.Session.TryBeginNextTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 16_100, 16_100), report));

        // Nor what can only go by DATA, or in chunks of its own.
        Assert.False(dialogue.Session.TryBeginNextTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 4), report));
        Assert.False(dialogue.Session.TryBeginNextTransaction(envelope, new OutgoingBody(BodyType.BinaryMime, 4, 4), report));
        int count = 0;
        while (dialogue.Session.TryBeginNextTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 1000, 1000), new TransactionReport()))
        {
            Assert.Equal(ClientEffect.SendBody, dialogue.Run("C: RSET\nC: MAIL FROM:<a@c.test>\nC: RCPT TO:<n@d.test>\nC: BDAT 1000 LAST"));
            dialogue.CompleteBody(new string('x', 1000));
            count++;
        }

        Assert.Equal(14, count);
        dialogue.Run("S: 250 sender\nS: 250 recipient\nS: 250 first");
        dialogue.Run("S: 250 reset\nS: 250 sender\nS: 250 recipient\nS: 250 second");
        Assert.True(dialogue.Session.TryBeginNextTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 1000, 1000), report));
    }

    [Theory]
    [InlineData("PIPELINING")]
    [InlineData("CHUNKING")]
    public void Both_extensions_are_needed(string extension)
    {
        SessionDialogue dialogue = SessionDialogue.Ready(extension);
        dialogue.Session.BeginTransaction(SessionDialogue.Envelope("b@d.test"), new OutgoingBody(BodyType.SevenBit, 4, 4), dialogue.Report);
        dialogue.RunAll(_ => true);
        dialogue.Session.CompleteBody(extension == "CHUNKING" ? "abcd"u8 : ".\r\n"u8, new ArrayBufferWriter<byte>());
        Assert.False(dialogue.Session.FitsBehind(SessionDialogue.Envelope("n@d.test"), new OutgoingBody(BodyType.SevenBit, 4, 4)));
    }

    /// <summary>
    /// Six messages with recipients of their own, by BDAT or DATA, to a server that refuses what it likes, in reads of any size, until the connection ends at
    /// any time: what each report says is what the server has done, and nobody gets another's message.
    /// </summary>
    [Property(MaxTest = 2000)]
    public Property What_the_reports_say_is_what_the_server_has_done()
    {
        Arbitrary<(bool[] Accepts, bool[] Chunks, int[] Reads, int Replies)> arbitrary =
            (from accepts in Gen.Frequency((4, Gen.Constant(true)), (1, Gen.Constant(false))).ArrayOf(60)
             from chunks in Gen.Frequency((5, Gen.Constant(true)), (1, Gen.Constant(false))).ArrayOf(6)
             from reads in Gen.Choose(1, 12).ArrayOf(100)
             from replies in Gen.Frequency((1, Gen.Choose(0, 25)), (2, Gen.Constant(1000)))
             select (accepts, chunks, reads, replies)).ToArbitrary();
        return Prop.ForAll(arbitrary, input => RunToEnd(input.Accepts, input.Chunks, input.Reads, input.Replies));
    }

    private static void RunToEnd(bool[] accepts, bool[] chunks, int[] reads, int repliesLeft)
    {
        int decided = 0;
        var server = new ModelServer(_ => accepts[decided++ % accepts.Length]);
        SessionDialogue ready = SessionDialogue.Ready("PIPELINING", "CHUNKING");
        ClientSession session = ready.Session;
        var output = new ArrayBufferWriter<byte>();
        OutgoingEnvelope[] envelopes = [.. chunks.Select((_, i) => SessionDialogue.Envelope($"x{i}@d.test", $"y{i}@d.test"))];
        OutgoingBody[] bodies = [.. chunks.Select((isChunk, i) => new OutgoingBody(BodyType.SevenBit, 5, isChunk ? 5 : -1))];
        TransactionReport[] reports = [.. chunks.Select(_ => new TransactionReport())];
        int begun = 0;
        int done = 0;
        int read = 0;
        var input = ReadOnlySequence<byte>.Empty;
        Begin();
        while (true)
        {
            ClientEffect effect = session.Advance(ref input, output);
            switch (effect)
            {
                case ClientEffect.SendBody:
                    output.Write(Encoding.ASCII.GetBytes(Content(begun - 1)[..^1]));
                    session.CompleteBody(session.Framing == BodyFraming.Data ? Encoding.ASCII.GetBytes(Content(begun - 1)[^1] + ".\r\n") : Encoding.ASCII.GetBytes(Content(begun - 1)[^1..]), output);
                    BeginBehind();
                    continue;
                case ClientEffect.TransactionCompleted:
                    Assert.Equal(0, reports[done++].CountOf(DeliveryOutcome.Pending));
                    BeginBehind();
                    continue;
                case ClientEffect.Completed:
                    Assert.Equal(0, reports[done++].CountOf(DeliveryOutcome.Pending));
                    Assert.Equal(begun, done);
                    if (begun == chunks.Length)
                    {
                        break;
                    }

                    Begin();
                    continue;
                case ClientEffect.NeedInput:
                    server.Read(Encoding.ASCII.GetString(output.WrittenSpan));
                    output.ResetWrittenCount();
                    var replies = new StringBuilder();
                    for (int i = 0; i < reads[read % reads.Length] && repliesLeft > 0 && server.Next() is { } reply; i++)
                    {
                        replies.Append(reply);
                        repliesLeft--;
                    }

                    read++;
                    if (replies.Length == 0)
                    {
                        // Either the connection ends here, or both would wait for each other.
                        Assert.Equal(0, repliesLeft);
                        while (server.Next() is not null)
                        {
                        }

                        session.OnDisconnected();
                        break;
                    }

                    input = new ReadOnlySequence<byte>([.. input.ToArray(), .. Encoding.ASCII.GetBytes(replies.ToString())]);
                    continue;
                default:
                    Assert.Fail($"{effect} {session.Violation}");
                    break;
            }

            break;
        }

        for (int i = 0; i < begun; i++)
        {
            (string Sender, string[] Recipients, string Content)[] taken = [.. server.Taken.Where(message => message.Content == Content(i))];
            Assert.InRange(taken.Length, 0, 1);
            Assert.All(reports[i], recipient =>
            {
                bool has = taken.Length == 1 && taken[0].Recipients.Contains(recipient.ForwardPath.ToString());
                Assert.True(
                    recipient.Outcome == DeliveryOutcome.Uncertain || has == (recipient.Outcome == DeliveryOutcome.Accepted),
                    $"message {i}: {recipient}, {(has ? "and was" : "but was not")} taken");
                Assert.True(recipient.Outcome != DeliveryOutcome.Uncertain || repliesLeft == 0);
            });
            Assert.All(taken, message => Assert.Subset(new HashSet<string> { $"x{i}@d.test", $"y{i}@d.test" }, message.Recipients.ToHashSet()));
        }

        Assert.Equal(server.Taken.Count, server.Taken.Select(message => message.Content).Distinct().Count());

        string Content(int i) => $"body{i}";

        void Begin()
        {
            session.BeginTransaction(envelopes[begun], bodies[begun], reports[begun]);
            begun++;
        }

        void BeginBehind()
        {
            if (begun < chunks.Length && session.TryBeginNextTransaction(envelopes[begun], bodies[begun], reports[begun]))
            {
                begun++;
            }
        }
    }

    /// <summary>A message was sent as one chunk, and is unanswered.</summary>
    private static SessionDialogue FirstSent()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING", "CHUNKING", "BINARYMIME");
        dialogue.Session.BeginTransaction(SessionDialogue.Envelope("b@d.test"), new OutgoingBody(BodyType.SevenBit, 5, 5), dialogue.Report);
        Assert.Equal(ClientEffect.SendBody, dialogue.Run("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: BDAT 5 LAST"));
        dialogue.CompleteBody("first");
        return dialogue;
    }

    private static TransactionReport BeginNext(SessionDialogue dialogue)
    {
        var report = new TransactionReport();
        Assert.True(dialogue.Session.TryBeginNextTransaction(SessionDialogue.Envelope("n@d.test"), new OutgoingBody(BodyType.SevenBit, 4, 4), report));
        Assert.Equal(ClientEffect.SendBody, dialogue.Run(Next));
        dialogue.CompleteBody("next");
        return report;
    }

    private static string Outcomes(TransactionReport report) => string.Join('\n', report.Select(r => r.ToString()));
}
