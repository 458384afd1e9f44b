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
        if (!TryStart(_transaction, envelope, body, report, refusal))
        {
            // Decided without the server: nothing is to be written.
            Phase = ClientPhase.Ready;
        }
    }

    /// <summary>
    /// Begins another transaction behind the end of data of the one that runs (RFC 2920 §3.1 lets content be the first part of a group of
    /// commands): its MAIL, RCPTs and DATA go out with the rest of the body, so that a message costs one round trip. When the first is done,
    /// <see cref="Advance"/> says <see cref="ClientEffect.TransactionCompleted"/>.
    /// </summary>
    /// <inheritdoc cref="BeginTransaction"/>
    /// <returns>
    /// Whether the message was taken. If not, nothing has changed: the server lacks PIPELINING, no end of data has just been sent, or a
    /// message waits already. One that is taken may be decided at once, by a need that the server does not meet.
    /// </returns>
    public bool TryBeginNextTransaction(
        OutgoingEnvelope envelope, OutgoingBody body, TransactionReport report, SendRefusal refusal = SendRefusal.None)
    {
        DemandTransaction(envelope, body, report);

        // Behind a refused BDAT the server may hold a transaction open; and a body in BDATs is begun when its envelope was answered.
        if (Phase != ClientPhase.Busy
            || _operation != SmtpStage.Mail
            || _hasNext
            || body.Type == BodyType.BinaryMime
            || !_transaction.IsBehindBody
            || !Peer.Offers(SmtpExtensions.Pipelining))
        {
            return false;
        }

        _hasNext = TryStart(_next, envelope, body with { ChunkLength = -1 }, report, refusal);
        return true;
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
        OutgoingTransaction transaction, OutgoingEnvelope envelope, OutgoingBody body, TransactionReport report, SendRefusal refusal)
    {
        refusal = refusal == SendRefusal.None && IsExhausted ? SendRefusal.TooManyMessages : refusal;
        if (Peer.MaximumRecipientDomains is not null)
        {
            _domains ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        }

        bool starts = transaction.TryStart(envelope, body, Peer, IsTls, _isLmtp, report, refusal, _domains);
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
