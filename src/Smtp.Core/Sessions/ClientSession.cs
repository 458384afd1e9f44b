using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Smtp.Core;

/// <summary>
/// A client's side of an SMTP session (RFC 5321 §4.1.4) without I/O: it writes commands, knows which replies are owed for them, and takes
/// the replies. Begin an operation, then call <see cref="Advance"/> until it is over.
/// </summary>
/// <remarks>
/// <para>
/// Under PIPELINING (RFC 2920) a transaction goes out as MAIL, RCPTs and DATA in one flight. No more octets are unanswered at a time than
/// <see cref="WindowLength"/>, so that a client that writes does not have to read at once: whatever the server's replies, its commands fit
/// in the socket's send buffer. Without PIPELINING each command waits for its reply.
/// </para>
/// <para>
/// A reply that no command asked for, a code that is no answer, and everything that <see cref="ReplyReader"/> refuses end the session with
/// a named <see cref="PeerViolation"/>. 421 ends it anywhere (RFC 5321 §3.8).
/// </para>
/// </remarks>
public sealed partial class ClientSession
{
    /// <summary>The most octets of commands that are unanswered at a time under PIPELINING. Linux gives a new socket 16 KiB to send from.</summary>
    public const int WindowLength = 16 * 1024;

    // Enough to keep the way full; replies to chunks are short.
    private const int MaximumUnansweredChunks = 4;

    private readonly ReplyReader _replies = new();
    private readonly ExpectedReplyQueue _expected = new();
    private readonly bool _isLmtp;

    // The transactions that were begun behind the first one, in order, and those that can be used again.
    private readonly Queue<OutgoingTransaction> _behind = new();
    private readonly Stack<OutgoingTransaction> _spare = new();
    private OutgoingTransaction _transaction = new();
    private OutgoingTransaction _last;
    private int _messageCount;
    private HashSet<string>? _domains;
    private SmtpStage _operation;
    private SmtpStage _closedAt;
    private bool _isStarting;
    private byte[] _helloName = [];
    private bool _saidEhlo;
    private SaslClientMechanism? _mechanism;
    private int _challenges;

    /// <summary>Begins at the start of a connection.</summary>
    /// <param name="isTls">Whether the connection has TLS already (implicit TLS, RFC 8314 §3).</param>
    /// <param name="isLmtp">Whether LMTP is spoken (RFC 2033): LHLO, and a final reply for each recipient.</param>
    public ClientSession(bool isTls = false, bool isLmtp = false)
    {
        IsTls = isTls;
        _isLmtp = isLmtp;
        _last = _transaction;
    }

    /// <summary>Where the session stands.</summary>
    public ClientPhase Phase { get; private set; }

    /// <summary>What is awaited: the stage of the next reply that is owed, or of the operation. Deadlines and errors go by it.</summary>
    public SmtpStage Stage => Phase switch
    {
        ClientPhase.Body => SmtpStage.Body,
        ClientPhase.Handshake => SmtpStage.TlsHandshake,
        ClientPhase.Closed => _closedAt,
        _ => _expected.Count > 0 ? _expected.Head.Stage : _operation,
    };

    /// <summary>What the server's last EHLO reply offered.</summary>
    public PeerCapabilities Peer { get; private set; } = PeerCapabilities.None;

    /// <summary>Whether the connection has TLS.</summary>
    public bool IsTls { get; private set; }

    /// <summary>Whether AUTH has succeeded.</summary>
    public bool IsAuthenticated { get; private set; }

    /// <summary>The last reply read, valid until the next one is.</summary>
    public ReceivedReply LastReply { get; private set; }

    /// <summary>How many replies were read so far: a deadline is for one reply, however many reads it takes.</summary>
    public long ReplyCount { get; private set; }

    /// <summary>How the server broke the protocol, if it did.</summary>
    public PeerViolation Violation { get; private set; }

    /// <summary>How the body that is due goes.</summary>
    public BodyFraming Framing => _last.Framing;

    /// <summary>
    /// Whether the next piece of a body in <see cref="BodyFraming.Chunks"/> may be sent now: under PIPELINING a few may be unanswered, else none.
    /// </summary>
    public bool CanSendChunk => Phase == ClientPhase.Body
        && Framing == BodyFraming.Chunks
        && _expected.Count < (Peer.Offers(SmtpExtensions.Pipelining) ? MaximumUnansweredChunks : 1);

    /// <summary>Whether the server takes no more messages over this connection: LIMITS MAILMAX is reached (RFC 9422 §4.1).</summary>
    public bool IsExhausted => Peer.MaximumMessages is { } limit && _messageCount >= limit;

    /// <summary>Goes on with the operation: writes what may be written, reads what has come.</summary>
    /// <param name="input">The unread octets. What was consumed is sliced off; a partial line stays.</param>
    /// <param name="output">Where commands are written. Nothing of it is to be held back on <see cref="ClientEffect.NeedInput"/>.</param>
    public ClientEffect Advance(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        switch (Phase)
        {
            case ClientPhase.Ready:
                return ClientEffect.Completed;
            case ClientPhase.Closed:
                return Violation != PeerViolation.None ? ClientEffect.Violation : ClientEffect.Closing;
            case ClientPhase.Connected or ClientPhase.Secured or ClientPhase.Handshake:
                ThrowNotNow();
                break;
        }

        bool isBehindGoAhead = false;
        while (true)
        {
            if (Phase == ClientPhase.Busy)
            {
                // What came before a command was sent cannot be its reply.
                if ((input.IsEmpty || _expected.Count > 0) && WriteCommands(output))
                {
                    Phase = ClientPhase.Body;
                    return ClientEffect.SendBody;
                }

                if (_expected.Count == 0 && !_isStarting && !_last.HasMore)
                {
                    return Complete();
                }
            }

            int maximum = _operation == SmtpStage.Authenticate ? ReplyReader.MaximumChallengeLength : ReplyReader.MaximumLineLength;
            switch (_replies.Read(ref input, maximum, out ReceivedReply reply))
            {
                case ReplyReadStatus.NeedInput when Phase == ClientPhase.Busy && _expected.Count == 0:
                    // Half a reply that nothing asked for; to wait for the rest would be to let the server stall us.
                    return Violate(PeerViolation.UnexpectedReply, _operation);
                case ReplyReadStatus.NeedInput when isBehindGoAhead:
                    // The same behind a 354: no octet of the body was sent that it could answer.
                    return Violate(PeerViolation.UnexpectedReply, Stage);
                case ReplyReadStatus.NeedInput:
                    return ClientEffect.NeedInput;
                case ReplyReadStatus.Violation:
                    return Violate(_replies.Violation, Stage);
            }

            LastReply = reply;
            ReplyCount++;
            bool wasBody = Phase == ClientPhase.Body;
            if (Apply(reply, input.IsEmpty, output) is { } effect)
            {
                return effect;
            }

            isBehindGoAhead = !wasBody && Phase == ClientPhase.Body;
        }
    }

    /// <summary>
    /// Writes the command in front of a chunk of a body in <see cref="BodyFraming.Chunks"/>; exactly <paramref name="size"/> octets of content
    /// must follow before anything else. Behind the last chunk, <see cref="CompleteBody"/> is called.
    /// </summary>
    /// <param name="size">The chunk's octets; may be 0 for the last.</param>
    /// <param name="isLast">Whether the content ends with it.</param>
    /// <param name="output">Where the content is written.</param>
    public void BeginChunk(long size, bool isLast, IBufferWriter<byte> output)
    {
        if (!CanSendChunk)
        {
            ThrowNotNow();
        }

        CommandWriter.WriteBdat(output, size, isLast);
        if (!isLast)
        {
            _expected.Enqueue(SmtpStage.Body, 0);
        }
    }

    /// <summary>Writes what ends the body; the final reply is owed from here on, and the server may have taken the message.</summary>
    /// <param name="terminator">
    /// What the encoder of the content says: <see cref="DotEncoder.Terminator"/>; for BDAT what of the last chunk was not sent yet. Of a chunk whose octets are
    /// sent as they come, at least one is to be held back until here, as the server may take the message when it has the last.
    /// </param>
    /// <param name="output">Where the content was written.</param>
    public void CompleteBody(ReadOnlySpan<byte> terminator, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (Phase != ClientPhase.Body)
        {
            ThrowNotNow();
        }

        output.Write(terminator);
        _last.OnBodySent(_expected, terminator.Length);
        Phase = ClientPhase.Busy;
    }

    /// <summary>The TLS handshake is done. Everything the server said before is forgotten (RFC 3207 §4.2); EHLO comes next.</summary>
    public void CompleteTls()
    {
        if (Phase != ClientPhase.Handshake)
        {
            ThrowNotNow();
        }

        IsTls = true;
        Peer = PeerCapabilities.None;
        LastReply = default;
        _replies.Reset();
        Phase = ClientPhase.Secured;
    }

    /// <summary>The client itself gives a transaction up: the connection must be closed without the end of data.</summary>
    public void Abandon(SendRefusal refusal)
    {
        _transaction.RefusePending(Stage, refusal);
        Close(Stage);
    }

    /// <summary>The connection is gone. A transaction's pending recipients are decided by what had been sent.</summary>
    public void OnDisconnected()
    {
        if (Phase != ClientPhase.Closed)
        {
            SmtpStage stage = Stage;
            BreakPending(stage);
            Close(stage);
        }
    }

    /// <returns>Whether the body is due.</returns>
    private bool WriteCommands(IBufferWriter<byte> output)
    {
        bool starts = _isStarting;
        _isStarting = false;
        switch (_operation)
        {
            case SmtpStage.Mail:
                return _last.WriteCommands(output, _expected, Peer.Offers(SmtpExtensions.Pipelining) ? WindowLength : 0);
            case SmtpStage.Hello when starts:
                WriteEhlo(output);
                break;
            case SmtpStage.StartTls when starts:
                _expected.Enqueue(SmtpStage.StartTls, CommandWriter.WriteStartTls(output));
                break;
            case SmtpStage.Authenticate when starts:
                _expected.Enqueue(SmtpStage.Authenticate, SaslExchange.Start(_mechanism!, output));
                break;
            case SmtpStage.Reset when starts:
                _expected.Enqueue(SmtpStage.Reset, CommandWriter.WriteRset(output));
                break;
            case SmtpStage.Noop when starts:
                _expected.Enqueue(SmtpStage.Noop, CommandWriter.WriteNoop(output));
                break;
            case SmtpStage.Quit when starts:
                _expected.Enqueue(SmtpStage.Quit, CommandWriter.WriteQuit(output));
                break;
        }

        return false;
    }

    private void WriteEhlo(IBufferWriter<byte> output)
    {
        _saidEhlo = true;
        _expected.Enqueue(
            SmtpStage.Hello, _isLmtp ? CommandWriter.WriteLhlo(output, _helloName) : CommandWriter.WriteEhlo(output, _helloName));
    }

    /// <summary>All transactions are decided by what is known of them.</summary>
    private void BreakPending(SmtpStage stage)
    {
        _transaction.BreakPending(stage);
        foreach (OutgoingTransaction transaction in _behind)
        {
            transaction.BreakPending(SmtpStage.Mail);
        }
    }

    private ClientEffect Complete()
    {
        EndOperation();
        return ClientEffect.Completed;
    }

    private ClientEffect Refuse()
    {
        EndOperation();
        return ClientEffect.Refused;
    }

    /// <summary>A server that refuses at its greeting, or both EHLO and HELO, has nothing more to say.</summary>
    private ClientEffect RefuseSession(SmtpStage stage)
    {
        Close(stage);
        return ClientEffect.Refused;
    }

    /// <param name="violation">What the server did.</param>
    /// <param name="stage">What its reply was to answer.</param>
    private ClientEffect Violate(PeerViolation violation, SmtpStage stage)
    {
        Violation = violation;
        BreakPending(stage);
        Close(stage);
        return ClientEffect.Violation;
    }

    private void EndOperation()
    {
        _transaction.End();
        while (_behind.TryDequeue(out OutgoingTransaction? transaction))
        {
            transaction.End();
            _spare.Push(transaction);
        }

        _last = _transaction;
        _mechanism = null;
        Phase = ClientPhase.Ready;
    }

    private void Close(SmtpStage stage)
    {
        EndOperation();
        _closedAt = stage;
        Phase = ClientPhase.Closed;
    }

    [DoesNotReturn]
    private void ThrowNotNow() => throw new InvalidOperationException($"The session is {Phase}: this cannot be done now.");
}
