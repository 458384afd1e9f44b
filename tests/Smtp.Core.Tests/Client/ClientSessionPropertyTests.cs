using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Core.Tests.Client;

public sealed class ClientSessionPropertyTests
{
    [Property(MaxTest = 1000)]
    public Property Whatever_a_server_says_in_whatever_pieces_ends_in_a_result_or_a_named_violation()
    {
        Gen<string> reply = Gen.Frequency(
            (8, Gen.Elements("250 OK\r\n", "250 2.1.5 OK\r\n", "354 go\r\n")),
            (3, Gen.Elements("220 mx\r\n", "550 5.1.1 no\r\n", "450 later\r\n", "250-PIPELINING\r\n250 DSN\r\n", "503 order\r\n", "221 bye\r\n")),
            (1, Gen.Elements("421 bye\r\n", "235 in\r\n", "334 \r\n", "250-x\r\n", "junk\r\n", "\r\n", "25", "\n", "250 a\nb\r\n", "999 x\r\n")));
        Arbitrary<(string Replies, int[] Cuts, bool Pipelining)> arbitrary =
            (from replies in reply.ListOf()
             from cuts in Gen.Choose(0, 150).ArrayOf()
             from pipelining in Gen.Elements(true, false)
             select (string.Concat(replies), cuts, pipelining)).ToArbitrary();
        return Prop.ForAll(arbitrary, input =>
        {
            byte[] octets = Encoding.ASCII.GetBytes(input.Replies);
            string whole = Run(octets, [], input.Pipelining);
            string pieces = Run(octets, [.. input.Cuts.Where(c => c < octets.Length).Order()], input.Pipelining);

            // What stands behind a 354, or another 3yz, when it is read is judged otherwise than what comes when the body was sent; and in
            // lockstep, a reply that is there before its command is none.
            if (input.Pipelining
                && !input.Replies.Contains("354", StringComparison.Ordinal)
                && !input.Replies.Contains("334", StringComparison.Ordinal))
            {
                Assert.Equal(whole, pieces);
            }
        });
    }

    [Property(MaxTest = 1000)]
    public Property Whatever_a_server_says_of_two_messages_each_has_an_outcome_that_what_was_sent_allows()
    {
        Gen<string> reply = Gen.Frequency(
            (12, Gen.Elements("250 OK\r\n", "354 go\r\n")),
            (3, Gen.Elements("550 5.1.1 no\r\n", "450 later\r\n", "503 order\r\n", "221 bye\r\n")),
            (1, Gen.Elements("421 bye\r\n", "334 \r\n", "250-x\r\n", "junk\r\n", "25", "\n")));
        Arbitrary<(string[] Replies, int Chunk, bool Lmtp, bool Pipelining)> arbitrary =
            (from replies in reply.ArrayOf()
             from chunk in Gen.Elements(-1, 0, 10, 20_000)
             from lmtp in Gen.Elements(true, false)
             from pipelining in Gen.Elements(true, false)
             select (replies, chunk, lmtp, pipelining)).ToArbitrary();
        return Prop.ForAll(arbitrary, input => RunTwo(input.Replies, input.Chunk, input.Lmtp, input.Pipelining));
    }

    [Fact]
    public void A_transaction_allocates_nothing_in_steady_state()
    {
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        ClientSession session = Ready(pipelining: true, output);
        OutgoingEnvelope envelope = SessionDialogue.Envelope("b@d.test", "e@f.test", "g@h.test");
        var report = new TransactionReport();
        var commands = new ReadOnlySequence<byte>("250 OK\r\n250 OK\r\n550 5.1.1 no\r\n250 2.1.5 OK\r\n354 go\r\n"u8.ToArray());
        var final = new ReadOnlySequence<byte>("250 2.0.0 queued as 12345\r\n"u8.ToArray());

        long allocated = Allocations.Of(() =>
        {
            output.ResetWrittenCount();
            session.BeginTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 100), report);
            ReadOnlySequence<byte> input = ReadOnlySequence<byte>.Empty;
            Check(session.Advance(ref input, output) == ClientEffect.NeedInput);
            input = commands;
            Check(session.Advance(ref input, output) == ClientEffect.SendBody);
            session.CompleteBody(".\r\n"u8, output);
            input = final;
            Check(session.Advance(ref input, output) == ClientEffect.Completed);
            Check(report.CountOf(DeliveryOutcome.Accepted) == 2 && report[0].Reply.Code == 250 && report[1].Reply.Code == 550);
        });
        Assert.Equal(0, allocated);
    }

    private static void Check(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("The transaction did not go as the test means it to.");
        }
    }

    /// <summary>Sends two messages, the second behind the first's body where it can be, and gives a reply at a time.</summary>
    private static void RunTwo(string[] replies, int chunk, bool lmtp, bool pipelining)
    {
        var output = new ArrayBufferWriter<byte>();
        ClientSession session = Ready(pipelining, output, lmtp);
        TransactionReport[] reports = [new(), new()];
        int[] bodies = [0, 0];
        OutgoingEnvelope envelope = SessionDialogue.Envelope("b@d.test", "e@f.test");
        int begun = 1;
        session.BeginTransaction(envelope, new OutgoingBody(BodyType.SevenBit, chunk, chunk), reports[0]);
        byte[] left = [];
        var pending = new Queue<string>(replies);
        while (true)
        {
            var input = new ReadOnlySequence<byte>(left);
            ClientEffect effect = session.Advance(ref input, output);
            left = input.ToArray();
            Assert.True(left.Length <= ReplyReader.MaximumLineLength);
            switch (effect)
            {
                case ClientEffect.SendBody:
                    bodies[begun - 1]++;
                    session.CompleteBody(session.Framing == BodyFraming.Data ? ".\r\n"u8 : default, output);
                    if (begun == 1 && session.TryBeginNextTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 5, 5), reports[1]))
                    {
                        begun = 2;
                    }

                    continue;
                case ClientEffect.TransactionCompleted:
                    Assert.Equal(0, reports[0].CountOf(DeliveryOutcome.Pending));
                    continue;
                case ClientEffect.Completed when begun == 1:
                    session.BeginTransaction(envelope, new OutgoingBody(BodyType.SevenBit, 5, 5), reports[1]);
                    begun = 2;
                    continue;
                case ClientEffect.NeedInput when pending.TryDequeue(out string? next):
                    left = [.. left, .. Encoding.ASCII.GetBytes(next)];
                    continue;
                case ClientEffect.NeedInput:
                    session.OnDisconnected();
                    break;
            }

            break;
        }

        for (int i = 0; i < begun; i++)
        {
            Assert.Equal(2, reports[i].Count);
            Assert.Equal(0, reports[i].CountOf(DeliveryOutcome.Pending));
            Assert.InRange(bodies[i], 0, 1);

            // Nobody has taken, or may have taken, what was not sent whole.
            Assert.True(bodies[i] == 1 || reports[i].CountOf(DeliveryOutcome.Accepted) + reports[i].CountOf(DeliveryOutcome.Uncertain) == 0);
        }
    }

    private static ClientSession Ready(bool pipelining, ArrayBufferWriter<byte> output, bool lmtp = false)
    {
        var session = new ClientSession(isLmtp: lmtp);
        session.BeginHello("client.test"u8);
        var greeting = new ReadOnlySequence<byte>("220 mx\r\n"u8.ToArray());
        Assert.Equal(ClientEffect.NeedInput, session.Advance(ref greeting, output));
        var hello = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(pipelining ? "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n" : "250-mx\r\n250 CHUNKING\r\n"));
        Assert.Equal(ClientEffect.Completed, session.Advance(ref hello, output));
        return session;
    }

    /// <summary>Runs one transaction and says all that can be seen of it. Pieces are given only while the session wants input.</summary>
    private static string Run(byte[] replies, int[] cuts, bool pipelining)
    {
        var output = new ArrayBufferWriter<byte>();
        ClientSession session = Ready(pipelining, output);
        output.ResetWrittenCount();
        var report = new TransactionReport();
        session.BeginTransaction(SessionDialogue.Envelope("b@d.test", "e@f.test"), new OutgoingBody(BodyType.SevenBit), report);

        var empty = ReadOnlySequence<byte>.Empty;
        ClientEffect effect = session.Advance(ref empty, output);
        byte[] left = [];
        int start = 0;
        foreach (int end in cuts.Append(replies.Length))
        {
            left = [.. left, .. replies[start..end]];
            start = end;
            while (true)
            {
                var input = new ReadOnlySequence<byte>(left);
                effect = session.Advance(ref input, output);
                left = input.ToArray();
                Assert.True(left.Length <= ReplyReader.MaximumLineLength);
                if (effect != ClientEffect.SendBody)
                {
                    break;
                }

                session.CompleteBody(".\r\n"u8, output);
                if (left.Length == 0)
                {
                    break;
                }
            }

            if (effect is not (ClientEffect.NeedInput or ClientEffect.SendBody))
            {
                break;
            }
        }

        if (effect is ClientEffect.NeedInput or ClientEffect.SendBody)
        {
            session.OnDisconnected();
            effect = ClientEffect.NeedInput;
        }

        Assert.Equal(0, report.CountOf(DeliveryOutcome.Pending));
        Assert.Equal(effect == ClientEffect.Violation, session.Violation != PeerViolation.None);
        string written = Encoding.ASCII.GetString(output.WrittenSpan);
        if (report.CountOf(DeliveryOutcome.Accepted) + report.CountOf(DeliveryOutcome.Uncertain) > 0)
        {
            Assert.EndsWith("DATA\r\n.\r\n", written, StringComparison.Ordinal);
        }

        return $"{effect} {session.Violation}\n{written}\n{string.Join('\n', report)}";
    }
}
