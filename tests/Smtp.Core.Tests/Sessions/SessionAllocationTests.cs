using System.Buffers;

namespace Smtp.Core.Tests;

/// <summary>A mail transaction allocates nothing: not in the session, and not in the envelope behind it.</summary>
public class SessionAllocationTests
{
    private const string Transaction =
        "MAIL FROM:<sender@example.net> SIZE=1000 BODY=8BITMIME\r\nRCPT TO:<recipient@example.org>\r\n" + Body;

    private const string Body = "DATA\r\nSubject: a\r\n\r\n..text\r\n.\r\n";

    private const string NotifyingTransaction =
        "MAIL FROM:<a@example.net> RET=HDRS ENVID=x\r\nRCPT TO:<b@example.org> NOTIFY=NEVER ORCPT=rfc822;a@b\r\n" + Body;

    private const string Refusals =
        "XYZZY\r\nRCPT TO:<b@example.org>\r\nMAIL FROM:<\r\nMAIL FROM:<a@example.net> X=1\r\nNOOP\nNOOP\r\nVRFY a\r\nNOOP\r\n";

    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);

    private readonly ServerSession _session = new(new ServerProfile(new ServerProfileOptions
    {
        Extensions = ServerProfileOptions.DefaultExtensions | SmtpExtensions.Chunking | SmtpExtensions.Dsn,
        Limits = new SmtpLimits { MaximumErrors = int.MaxValue },
    }));

    public static TheoryData<string, string, int> Wires() => new()
    {
        { "a transaction", Transaction, 1 },
        { "pipelined transactions", string.Concat(Enumerable.Repeat(Transaction, 5)), 5 },
        { "a hundred recipients", "MAIL FROM:<>\r\n" + string.Concat(Enumerable.Repeat("RCPT TO:<someone@example.org>\r\n", 100)) + Body, 1 },
        { "DSN parameters", NotifyingTransaction, 1 },
        { "chunks", "MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\ndef", 1 },
        { "RSET in the middle", "MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nRSET\r\n" + Transaction, 1 },
        { "EHLO again", "EHLO client.example.net\r\n" + Transaction, 1 },
        { "refusals", Refusals + Transaction, 1 },
        { "a refused body", Transaction.Replace("text", "te\nxt", StringComparison.Ordinal) + Transaction, 1 },
    };

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_session_allocates_nothing(string name, string wire, int messages)
    {
        byte[] octets = Wire.Encode(wire);
        Open();
        long accepted = _session.MessagesAccepted;
        long allocated = Allocations.Of(() => Receive(new ReadOnlySequence<byte>(octets)));
        Assert.True(allocated == 0, $"{name}: {allocated} octets");
        Assert.Equal(200 * messages, _session.MessagesAccepted - accepted);
        Assert.Equal(ServerPhase.Ready, _session.Phase);
    }

    [Fact]
    public void A_split_anywhere_allocates_nothing()
    {
        byte[] octets = Wire.Encode(Transaction);
        ReadOnlySequence<byte> input = OctetSegment.Sequence([.. octets.Chunk(7).Select(piece => new ReadOnlyMemory<byte>(piece))]);
        Open();
        Assert.Equal(0, Allocations.Of(() => Receive(input)));
        Assert.Equal(200, _session.MessagesAccepted);
    }

    [Fact]
    public void A_session_made_new_allocates_nothing()
    {
        byte[] octets = Wire.Encode("EHLO client.example.net\r\n" + Transaction + "QUIT\r\n");
        long allocated = Allocations.Of(() =>
        {
            _session.Reset(_session.Profile);
            Receive(new ReadOnlySequence<byte>(octets));
            if (_session.Phase != ServerPhase.Closing || _session.MessagesAccepted != 1)
            {
                throw new InvalidOperationException("The session did not run.");
            }
        });
        Assert.Equal(0, allocated);
    }

    private void Open() => Receive(new ReadOnlySequence<byte>("EHLO client.example.net\r\n"u8.ToArray()));

    private void Receive(ReadOnlySequence<byte> input)
    {
        _output.ResetWrittenCount();
        while (true)
        {
            ServerEffect effect = _session.Advance(ref input, _output);
            switch (effect)
            {
                case ServerEffect.NeedInput:
                case ServerEffect.Close:
                    return;
                case ServerEffect.WriteBody:
                case ServerEffect.AbortMessage:
                case ServerEffect.Flush:
                    break;
                case ServerEffect.CommitMessage:
                    _session.Resume(Replies.MessageAccepted, _output);
                    break;
                default:
                    _session.Resume(default, _output);
                    break;
            }
        }
    }
}
