namespace Smtp.Core;

/// <content>What can be begun, and when.</content>
public sealed partial class ClientSession
{
    /// <summary>
    /// Begins with the server's greeting and EHLO, or with EHLO alone behind a STARTTLS handshake. A server that does not know EHLO
    /// is asked with HELO (RFC 5321 §3.2).
    /// </summary>
    /// <param name="name">The client's domain or address literal.</param>
    /// <exception cref="ArgumentException">The name is neither.</exception>
    public void BeginHello(ReadOnlySpan<byte> name)
    {
        if (!PathSyntax.IsHelloName(name))
        {
            throw new ArgumentException("Not a domain or an address literal (RFC 5321 section 4.1.1.1).", nameof(name));
        }

        bool awaitsGreeting = Phase == ClientPhase.Connected;
        if (!awaitsGreeting && Phase != ClientPhase.Secured)
        {
            ThrowNotNow();
        }

        _helloName = name.ToArray();
        _saidEhlo = false;
        Start(SmtpStage.Hello);
        if (awaitsGreeting)
        {
            // Owed without a command.
            _expected.Enqueue(SmtpStage.Greeting, 0);
            _isStarting = false;
        }
    }

    /// <summary>Begins STARTTLS (RFC 3207). The server must offer it.</summary>
    public void BeginStartTls()
    {
        DemandReady();
        if (IsTls || !Peer.Offers(SmtpExtensions.StartTls))
        {
            throw new InvalidOperationException("The connection has TLS already, or the server does not offer STARTTLS.");
        }

        Start(SmtpStage.StartTls);
    }

    /// <summary>Begins AUTH (RFC 4954). Whether the connection is fit for the mechanism is the caller's decision.</summary>
    public void BeginAuthenticate(SaslClientMechanism mechanism)
    {
        ArgumentNullException.ThrowIfNull(mechanism);
        DemandReady();
        if (IsAuthenticated)
        {
            throw new InvalidOperationException("A session authenticates once (RFC 4954 section 4).");
        }

        _mechanism = mechanism;
        _challenges = 0;
        Start(SmtpStage.Authenticate);
    }

    /// <summary>Begins a mail transaction: MAIL, RCPTs, DATA or BDAT, and the end of data.</summary>
    /// <param name="envelope">Sender and recipients; not to be changed until the operation is over.</param>
    /// <param name="body">What the content is, and how it may go.</param>
    /// <param name="report">Filled with what becomes of each recipient.</param>
    /// <param name="refusal">Why the caller, who knows the content, refuses the message; it is then decided without the server.</param>
    /// <exception cref="ArgumentException">The envelope has no recipients, or a value that cannot go on the wire.</exception>
    public void BeginTransaction(
        OutgoingEnvelope envelope, OutgoingBody body, TransactionReport report, SendRefusal refusal = SendRefusal.None)
    {
        DemandTransaction(envelope, body, report);
        DemandReady();
        Start(SmtpStage.Mail);
        if (!TryStart(_transaction, envelope, body, report, refusal, _transaction.IsOpenAtServer))
        {
            // Decided without the server: nothing is to be written.
            Phase = ClientPhase.Ready;
        }
    }

    /// <summary>
    /// Whether <see cref="TryBeginNextTransaction"/> may take another message: the server has PIPELINING, and of the message that was begun last all
    /// octets were sent.
    /// </summary>
    public bool CanBeginNext => Phase == ClientPhase.Busy
        && _operation == SmtpStage.Mail
        && (_last.IsBehindBody || _last.IsBehindChunk)
        && Peer.Offers(SmtpExtensions.Pipelining);

    /// <summary>
    /// Begins another transaction behind the end of data of the one that was begun last (RFC 2920 §3.1 lets content be the first part of a group of
    /// commands). When the first of several is done, <see cref="Advance"/> says <see cref="ClientEffect.TransactionCompleted"/>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// What <see cref="FitsBehind"/> says so of goes whole and at once, with its content as one chunk: the next <see cref="Advance"/> says
    /// <see cref="ClientEffect.SendBody"/>. So many messages are on their way together and share a round trip. Behind another chunk it goes with an RSET
    /// in front: were that chunk refused, its transaction would stay open (RFC 3030 §2), and this message would go to the recipients of that one.
    /// </para>
    /// <para>
    /// Behind a body that went by DATA, any other message is taken too, and its MAIL, RCPTs and DATA go out, so that it costs one round trip. The body is
    /// due when the replies to those are here.
    /// </para>
    /// </remarks>
    /// <inheritdoc cref="BeginTransaction"/>
    /// <returns>
    /// Whether the message was taken. If not, nothing has changed: not <see cref="CanBeginNext"/>, or it does not go behind a chunk. One that is taken
    /// may be decided at once, by a need that the server does not meet.
    /// </returns>
    public bool TryBeginNextTransaction(
        OutgoingEnvelope envelope, OutgoingBody body, TransactionReport report, SendRefusal refusal = SendRefusal.None)
    {
        DemandTransaction(envelope, body, report);
        bool isWhole = FitsBehind(envelope, body);
        if (!isWhole && (!CanBeginNext || !_last.IsBehindBody || body.Type == BodyType.BinaryMime))
        {
            return false;
        }

        OutgoingTransaction next = _spare.TryPop(out OutgoingTransaction? spare) ? spare : new OutgoingTransaction();
        if (TryStart(next, envelope, isWhole ? body : body with { ChunkLength = -1 }, report, refusal, needsReset: _last.IsBehindChunk))
        {
            _behind.Enqueue(next);
            _last = next;
        }
        else
        {
            _spare.Push(next);
        }

        return true;
    }

    /// <summary>
    /// Whether <see cref="TryBeginNextTransaction"/> would send a message whole and at once: it may go as one chunk, the server has CHUNKING, and with its
    /// envelope it fits into what is left of the <see cref="WindowLength"/>. Once its content is sent, the server may take it.
    /// </summary>
    /// <param name="envelope">Sender and recipients.</param>
    /// <param name="body">What the content is, and how it may go.</param>
    public bool FitsBehind(OutgoingEnvelope envelope, OutgoingBody body)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return CanBeginNext
            && !_isLmtp
            && body.Type != BodyType.BinaryMime
            && body.ChunkLength >= 0
            && Peer.Offers(SmtpExtensions.Chunking)
            && _expected.UnansweredLength + OutgoingTransaction.ChunkOctets(body.ChunkLength) + envelope.MaximumLength <= WindowLength;
    }

    /// <summary>Begins RSET (RFC 5321 §4.1.1.5).</summary>
    public void BeginReset()
    {
        DemandReady();
        Start(SmtpStage.Reset);
    }

    /// <summary>Begins NOOP (RFC 5321 §4.1.1.9).</summary>
    public void BeginNoop()
    {
        DemandReady();
        Start(SmtpStage.Noop);
    }

    /// <summary>Begins QUIT (RFC 5321 §4.1.1.10). It ends in <see cref="ClientEffect.Closing"/>, whatever the reply.</summary>
    public void BeginQuit()
    {
        DemandReady();
        Start(SmtpStage.Quit);
    }

    private void Start(SmtpStage operation)
    {
        _operation = operation;
        _isStarting = true;
        Phase = ClientPhase.Busy;
    }

    private static void DemandTransaction(OutgoingEnvelope envelope, OutgoingBody body, TransactionReport report)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(report);
        ArgumentOutOfRangeException.ThrowIfLessThan(body.Size, -1, nameof(body));
        ArgumentOutOfRangeException.ThrowIfLessThan(body.ChunkLength, -1, nameof(body));
        envelope.Demand();
    }

    private bool TryStart(
        OutgoingTransaction transaction,
        OutgoingEnvelope envelope,
        OutgoingBody body,
        TransactionReport report,
        SendRefusal refusal,
        bool needsReset)
    {
        refusal = refusal == SendRefusal.None && IsExhausted ? SendRefusal.TooManyMessages : refusal;
        if (Peer.MaximumRecipientDomains is not null)
        {
            _domains ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        }

        bool starts = transaction.TryStart(envelope, body, Peer, IsTls, _isLmtp, report, refusal, _domains, needsReset);
        _messageCount += starts ? 1 : 0;
        return starts;
    }

    private void DemandReady()
    {
        if (Phase != ClientPhase.Ready)
        {
            ThrowNotNow();
        }
    }
}
