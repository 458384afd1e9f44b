using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests.Client;

/// <summary>
/// Runs a <see cref="ClientSession"/> against a dialogue that a mail administrator can read. <c>C:</c> lines must be all that the client
/// has written when the <c>S:</c> lines behind them are given to it; so a dialogue also says what is sent in one flight.
/// </summary>
internal sealed class SessionDialogue
{
    private readonly ArrayBufferWriter<byte> _output = new();

    internal SessionDialogue(bool isTls = false, bool isLmtp = false) => Session = new ClientSession(isTls, isLmtp);

    internal ClientSession Session { get; }

    internal TransactionReport Report { get; } = new();

    /// <summary>A session behind greeting and EHLO.</summary>
    internal static SessionDialogue Ready(params string[] extensions) => Ready(isLmtp: false, extensions);

    /// <inheritdoc cref="Ready(string[])"/>
    internal static SessionDialogue Ready(bool isLmtp, string[] extensions)
    {
        var dialogue = new SessionDialogue(isLmtp: isLmtp);
        dialogue.Session.BeginHello("client.test"u8);
        string[] lines = ["mx.test", .. extensions];
        string reply = string.Join("\n", lines.Select((line, i) => $"S: 250{(i == lines.Length - 1 ? ' ' : '-')}{line}"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run($"S: 220 mx.test ESMTP\nC: {(isLmtp ? 'L' : 'E')}HLO client.test\n{reply}"));
        return dialogue;
    }

    /// <summary>A session behind EHLO, and a transaction from a@c.test to the recipients is begun.</summary>
    internal static SessionDialogue Sending(string[] recipients, params string[] extensions)
    {
        SessionDialogue dialogue = Ready(extensions);
        dialogue.Begin(recipients);
        return dialogue;
    }

    internal void Begin(params string[] recipients) =>
        Session.BeginTransaction(Envelope(recipients), new OutgoingBody(BodyType.SevenBit), Report);

    internal static OutgoingEnvelope Envelope(params string[] recipients)
    {
        var envelope = new OutgoingEnvelope { ReversePath = SmtpPath.Parse("a@c.test") };
        foreach (string recipient in recipients)
        {
            envelope.Add(SmtpPath.Parse(recipient));
        }

        return envelope;
    }

    /// <summary>Runs the dialogue; its end must be where the session tells an effect, or wants more input.</summary>
    internal ClientEffect Run(string script)
    {
        string[] lines = script.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        int i = 0;
        ClientEffect effect = Session.Phase is ClientPhase.Body ? ClientEffect.SendBody : Advance([]);
        while (true)
        {
            var expected = new StringBuilder();
            for (; i < lines.Length && lines[i].StartsWith("C:", StringComparison.Ordinal); i++)
            {
                expected.Append(Text(lines[i])).Append("\r\n");
            }

            Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(_output.WrittenSpan));
            _output.ResetWrittenCount();
            if (i == lines.Length)
            {
                return effect;
            }

            var replies = new StringBuilder();
            for (; i < lines.Length && lines[i].StartsWith("S:", StringComparison.Ordinal); i++)
            {
                replies.Append(Text(lines[i])).Append("\r\n");
            }

            Assert.NotEqual(0, replies.Length);
            effect = Advance(Encoding.UTF8.GetBytes(replies.ToString()));
        }
    }

    /// <summary>Gives replies while the body is being sent.</summary>
    internal ClientEffect RunInBody(string line) => Advance(Encoding.UTF8.GetBytes(Text(line) + "\r\n"));

    /// <summary>Gives octets in one piece; nothing may be written.</summary>
    internal void RunRaw(string octets, ClientEffect expected, out string left)
    {
        var input = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(octets));
        Assert.Equal(expected, Session.Advance(ref input, _output));
        Assert.Equal(0, _output.WrittenCount);
        left = Encoding.UTF8.GetString(input);
    }

    /// <summary>Answers every command of a transaction up to the body.</summary>
    /// <param name="accept">Which recipients are accepted.</param>
    /// <returns>The most octets that were unanswered at a time.</returns>
    internal int RunAll(Func<int, bool> accept)
    {
        int largest = 0;
        int recipient = 0;
        int unanswered = 0;
        var pending = new Queue<string>();
        ClientEffect effect = Advance([]);
        while (effect == ClientEffect.NeedInput)
        {
            foreach (string line in Encoding.UTF8.GetString(_output.WrittenSpan).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
            {
                pending.Enqueue(line);
                unanswered += line.Length + 2;
            }

            _output.ResetWrittenCount();
            largest = Math.Max(largest, unanswered);
            string command = pending.Dequeue();
            unanswered -= command.Length + 2;
            string reply = command[..4] switch
            {
                "DATA" => "354 go",
                "RCPT" when !accept(recipient++) => "550 5.1.1 no",
                _ => "250 OK",
            };
            effect = Advance(Encoding.UTF8.GetBytes(reply + "\r\n"));
        }

        Assert.Equal(ClientEffect.SendBody, effect);
        Assert.Empty(pending);
        return largest;
    }

    internal void CompleteBody(string terminator = ".\r\n")
    {
        Session.CompleteBody(Encoding.UTF8.GetBytes(terminator), _output);
        Assert.Equal(terminator, Encoding.UTF8.GetString(_output.WrittenSpan));
        _output.ResetWrittenCount();
    }

    /// <summary>Begins a chunk and says what was written.</summary>
    internal string BeginChunk(long size, bool isLast)
    {
        Session.BeginChunk(size, isLast, _output);
        string written = Encoding.UTF8.GetString(_output.WrittenSpan);
        _output.ResetWrittenCount();
        return written;
    }

    /// <summary>The outcomes as lines.</summary>
    internal string Outcomes() => string.Join('\n', Report.Select(r => r.ToString()));

    private ClientEffect Advance(byte[] octets)
    {
        var input = new ReadOnlySequence<byte>(octets);
        return Session.Advance(ref input, _output);
    }

    private static string Text(string line) => line.Length > 3 ? line[3..] : string.Empty;
}
