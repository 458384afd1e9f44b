using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Smtp.Core;

/// <summary>
/// The server's side of one SMTP connection (RFC 5321), without I/O: octets in, replies out, and an effect wherever only the outside can
/// go on.
/// </summary>
/// <remarks>
/// <para>
/// The driver's loop: call <see cref="Advance"/>; do what the effect says; where the effect asks for a decision, give it with
/// <see cref="Resume"/> (or <see cref="ResumeAuthentication"/>, <see cref="ResumeTls"/>); go on until <see cref="ServerEffect.NeedInput"/> or
/// <see cref="ServerEffect.Close"/>. Exactly one reply is written per command, and nothing changes before the decision is in.
/// </para>
/// <para>Not thread-safe. Can be pooled: <see cref="Reset"/> makes it new.</para>
/// </remarks>
public sealed partial class ServerSession
{
    // Pipelined commands with long replies must not pile up more than this before the driver gets to write (octets).
    private const int FlushThreshold = 16 * 1024;

    // Made at the first use: who only greets and idles needs none.
    private Envelope? _envelope;
    private ServerProfile _profile;
    private LineReader _lines;
    private ServerPhase _phase;
    private ServerEffect _awaited = ServerEffect.NeedInput;
    private SmtpVerb _hello = SmtpVerb.Unknown;
    private SmtpVerb _stagedHello = SmtpVerb.Unknown;
    private byte[] _helloName = [];
    private byte[] _stagedHelloName = [];
    private int _helloNameLength;
    private int _stagedHelloNameLength;
    private int _errors;
    private int _unproductiveCommands;
    private int _postponements;
    private bool _isPostponed;
    private int _unflushed;

    /// <summary>Makes a session as at the start of a connection.</summary>
    public ServerSession(ServerProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        _profile = profile;
    }

    /// <summary>Where the session stands.</summary>
    public ServerPhase Phase => _phase;

    /// <summary>What the session's listener offers.</summary>
    public ServerProfile Profile => _profile;

    /// <summary>Whether the connection is under TLS.</summary>
    public bool IsTls { get; private set; }

    /// <summary>What SCRAM's -PLUS forms tie themselves to; null without TLS or if the driver has none.</summary>
    public SaslChannelBinding? ChannelBinding { get; private set; }

    /// <summary>Whether the client showed a certificate in the handshake, so that EXTERNAL makes sense.</summary>
    public bool HasClientCertificate { get; private set; }

    /// <summary>Who watches the session; null for nobody. Stays until <see cref="Reset"/>.</summary>
    public IServerSessionObserver? Observer { get; set; }

    /// <summary>Who the client proved to be with AUTH, or null.</summary>
    public string? Identity { get; private set; }

    /// <summary>Whether AUTH succeeded.</summary>
    [MemberNotNullWhen(true, nameof(Identity))]
    public bool IsAuthenticated => Identity is not null;

    /// <summary>The verb of the accepted greeting: EHLO, HELO or LHLO; <see cref="SmtpVerb.Unknown"/> before it.</summary>
    public SmtpVerb HelloVerb => _hello;

    /// <summary>
    /// The name that EHLO or HELO gave, of letters, digits, hyphens, dots and underscores, or an address literal. During
    /// <see cref="ServerEffect.CheckHello"/> the one to decide on.
    /// </summary>
    public ReadOnlySpan<byte> HelloName =>
        _awaited == ServerEffect.CheckHello ? _stagedHelloName.AsSpan(0, _stagedHelloNameLength) : _helloName.AsSpan(0, _helloNameLength);

    /// <summary>The mail transaction that is open or, during <see cref="ServerEffect.CheckSender"/>, wants to be.</summary>
    public Envelope Envelope => _envelope ??= new Envelope();

    /// <summary>The recipient to decide on during <see cref="ServerEffect.CheckRecipient"/>.</summary>
    public EnvelopeRecipient Recipient => Envelope.StagedRecipient;

    /// <summary>The extensions whose keywords and parameters count now.</summary>
    public SmtpExtensions ActiveExtensions =>
        _hello == SmtpVerb.Helo ? SmtpExtensions.None : _profile.GetActiveExtensions(IsTls, IsAuthenticated);

    /// <summary>How many messages were committed.</summary>
    public long MessagesAccepted { get; private set; }

    /// <summary>The verb of the last command read, for logs and metrics.</summary>
    public SmtpVerb LastVerb { get; private set; }

    /// <summary>How many refusals the client has earned since its last message, as <see cref="SmtpLimits.MaximumErrors"/> counts them.</summary>
    public int ErrorCount => _errors;

    /// <summary>The last reply's code, for logs and metrics.</summary>
    public int LastReplyCode { get; private set; }

    /// <summary>Tells the session that the connection was under TLS from its first octet on (RFC 8314 §3.3). Before the first <see cref="Advance"/> only.</summary>
    /// <param name="channelBinding">As <see cref="ChannelBinding"/>.</param>
    /// <param name="hasClientCertificate">As <see cref="HasClientCertificate"/>.</param>
    public void UseImplicitTls(SaslChannelBinding? channelBinding = null, bool hasClientCertificate = false)
    {
        if (_phase != ServerPhase.Connected)
        {
            ThrowMisuse("Implicit TLS starts before the session.");
        }

        IsTls = true;
        ChannelBinding = channelBinding;
        HasClientCertificate = hasClientCertificate;
    }

    /// <summary>Goes on as far as the input and what is known allow.</summary>
    /// <param name="input">The octets received and not yet consumed; what is consumed is sliced off. Keep the rest for the next call.</param>
    /// <param name="output">Where replies go. To be flushed when the effect says so.</param>
    /// <exception cref="InvalidOperationException">A decision is still owed.</exception>
    public ServerEffect Advance(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_awaited != ServerEffect.NeedInput)
        {
            ThrowMisuse($"{_awaited} awaits its Resume.");
        }

        if (_abortOwed)
        {
            _abortOwed = false;
            return ServerEffect.AbortMessage;
        }

        if (_forgetOwed)
        {
            _forgetOwed = false;
            _envelope?.Reset();
        }

        while (true)
        {
            ServerEffect effect = _phase switch
            {
                ServerPhase.Connected => Await(ServerEffect.CheckClient),
                ServerPhase.Closing => ServerEffect.Close,
                ServerPhase.Body or ServerPhase.Chunk => AdvanceBody(ref input, output),
                _ => AdvanceLine(ref input, output),
            };

            if (effect != ServerEffect.Flush)
            {
                if (effect == ServerEffect.NeedInput)
                {
                    _unflushed = 0;
                    _lines.ReleaseScratch();
                }

                return effect;
            }

            // A command was answered; go on with the next one unless much has piled up.
            if (_unflushed >= FlushThreshold)
            {
                _unflushed = 0;
                return ServerEffect.Flush;
            }
        }
    }

    /// <summary>Gives the decision that the last effect asked for.</summary>
    /// <param name="reply">
    /// <c>default</c> has no objection, which is said in the standard words; but <see cref="ServerEffect.CommitMessage"/> wants a positive reply, and
    /// <c>default</c> is 451 there: no message is taken by oversight. A positive reply accepts with other words, a 4yz or 5yz refuses. A 421 also ends the
    /// session (RFC 5321 §3.8). A client refused at <see cref="ServerEffect.CheckClient"/> may only QUIT (§3.1), and with 521 not even that.
    /// A positive answer to <see cref="ServerEffect.CheckHello"/> is always said in the standard words, as they list the extensions.
    /// </param>
    /// <param name="output">Where replies go.</param>
    /// <exception cref="InvalidOperationException">No decision is asked for, or one of another kind.</exception>
    public void Resume(SmtpReply reply, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        ServerEffect awaited = _awaited;
        if (awaited == ServerEffect.OpenMessage)
        {
            // RFC 5321 §4.1.1.4: what DATA is answered with is 354, or a refusal. No sink's 250 may stand for it.
            ResumeOpenMessage(reply, output);
            return;
        }

        if (reply.Class == ReplyClass.Intermediate)
        {
            throw new ArgumentException("A decision is 2yz, 4yz or 5yz.", nameof(reply));
        }

        _awaited = ServerEffect.NeedInput;
        bool accepted = reply.IsPositive;
        switch (awaited)
        {
            case ServerEffect.CheckClient:
                Say(reply.IsNone ? _profile.Greeting : reply, output);
                if (_phase != ServerPhase.Closing)
                {
                    // RFC 5321 §3.1: behind a 554 greeting the client may only QUIT. RFC 7504 §3: behind a 521 the server may close.
                    _phase = accepted ? ServerPhase.Greeted : reply.Code == 521 ? ServerPhase.Closing : ServerPhase.Refused;
                }

                break;

            case ServerEffect.CheckHello:
                ResumeHello(reply, output);
                break;

            case ServerEffect.CheckSender:
                if (accepted)
                {
                    _phase = ServerPhase.Sender;
                }
                else
                {
                    _envelope?.Reset();
                }

                Say(reply.IsNone ? Replies.SenderOk : reply, output);
                break;

            case ServerEffect.CheckRecipient:
                if (accepted)
                {
                    Envelope.AcceptStagedRecipient();
                    _phase = ServerPhase.Recipients;
                }
                else
                {
                    Envelope.DropStagedRecipient();
                }

                Say(reply.IsNone ? Replies.RecipientOk : reply, output);
                break;

            case ServerEffect.CommitMessage:
                EndMessage(reply.IsNone ? Replies.LocalError : reply, default, output);
                break;

            default:
                _awaited = awaited;
                ThrowMisuse(awaited == ServerEffect.NeedInput ? "No decision is asked for." : $"{awaited} has a Resume of its own.");
                break;
        }
    }

    /// <summary>Gives the answer to <see cref="ServerEffect.CommitMessage"/> in LMTP, where each recipient has a reply of its own (RFC 2033 §4.2).</summary>
    /// <param name="replies">One for each of the envelope's recipients, in their order; <c>default</c>, which says nothing, is 451.</param>
    /// <param name="output">Where replies go.</param>
    public void ResumeCommit(ReadOnlySpan<SmtpReply> replies, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_awaited != ServerEffect.CommitMessage || !_profile.Options.Lmtp)
        {
            ThrowMisuse("No commit of an LMTP session is asked for.");
        }

        if (replies.Length != Envelope.RecipientCount)
        {
            throw new ArgumentException($"The message has {Envelope.RecipientCount} recipients, and so many replies are wanted.", nameof(replies));
        }

        _awaited = ServerEffect.NeedInput;
        EndMessage(Replies.LocalError, replies, output);
    }

    /// <summary>
    /// Goes on after the handshake that <see cref="ServerEffect.UpgradeTls"/> asked for. All that was said before is forgotten, AUTH and EHLO
    /// too (RFC 3207 §4.2).
    /// </summary>
    /// <param name="channelBinding">As <see cref="ChannelBinding"/>.</param>
    /// <param name="hasClientCertificate">As <see cref="HasClientCertificate"/>.</param>
    public void ResumeTls(SaslChannelBinding? channelBinding = null, bool hasClientCertificate = false)
    {
        if (_awaited != ServerEffect.UpgradeTls)
        {
            ThrowMisuse("No handshake is asked for.");
        }

        _awaited = ServerEffect.NeedInput;
        IsTls = true;
        ChannelBinding = channelBinding;
        HasClientCertificate = hasClientCertificate;
        Identity = null;
        _hello = SmtpVerb.Unknown;
        _helloNameLength = 0;
        _envelope?.Reset();
        _lines.Reset();
        _phase = ServerPhase.Greeted;
    }

    /// <summary>
    /// Ends the session with a reply that no command asked for, such as <see cref="Replies.ShuttingDown"/> or <see cref="Replies.TimedOut"/>:
    /// RFC 5321 §3.8 lets a 421 come at any time. The next <see cref="Advance"/> returns <see cref="ServerEffect.Close"/>.
    /// </summary>
    public void Terminate(SmtpReply reply, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_phase != ServerPhase.Closing)
        {
            Say(reply, output);
            _phase = ServerPhase.Closing;
        }

        _awaited = ServerEffect.NeedInput;
    }

    /// <summary>Makes the session new, for another connection.</summary>
    /// <param name="profile">The profile of the connection's listener.</param>
    public void Reset(ServerProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        _profile = profile;
        _envelope?.Reset();
        _lines.Reset();
        _phase = ServerPhase.Connected;
        _awaited = ServerEffect.NeedInput;
        _hello = SmtpVerb.Unknown;
        _helloNameLength = 0;
        _errors = 0;
        _unproductiveCommands = 0;
        _postponements = 0;
        _isPostponed = false;
        _unflushed = 0;
        IsTls = false;
        ChannelBinding = null;
        HasClientCertificate = false;
        Observer = null;
        Identity = null;
        MessagesAccepted = 0;
        LastVerb = SmtpVerb.Unknown;
        LastReplyCode = 0;
        ResetAuthentication();
        _authenticationFailures = 0;
        AuthenticationMechanism = null;
        ResetBody();
        _abortOwed = false;
        _forgetOwed = false;
        _discarded = 0;
    }

    /// <summary>The name that EHLO or HELO gave, as text; empty before it.</summary>
    public string GetHelloName() => Encoding.UTF8.GetString(HelloName);

    [DoesNotReturn]
    private static void ThrowMisuse(string message) => throw new InvalidOperationException(message);

    private ServerEffect Await(ServerEffect effect)
    {
        _awaited = effect;
        return effect;
    }

    /// <summary>Writes a command's one reply, and counts it.</summary>
    private void Say(SmtpReply reply, IBufferWriter<byte> output)
    {
        Debug.Assert(!reply.IsNone, "Every reply says something.");
        if (reply.Class >= ReplyClass.TransientFailure)
        {
            if (reply.Code == 421)
            {
                _phase = ServerPhase.Closing;
            }
            else if (!IsPostponement(reply) && ++_errors > _profile.Limits.MaximumErrors)
            {
                // In place of the refusal, as one command has one reply.
                reply = Replies.TooManyErrors;
                _phase = ServerPhase.Closing;
            }
        }

        reply.WriteTo(output);
        OnSaid(reply.Code, reply.Wire);
    }

    /// <summary>
    /// Whether a refusal is not the client's fault, and so no error of <see cref="SmtpLimits.MaximumErrors"/>: any 4yz, and in a pipelined group what a
    /// 4yz leads to. Up to as many as a message may have recipients; who still goes on then is at fault.
    /// </summary>
    /// <remarks>
    /// A 4yz says that the server cannot or will not now: a full disk, a failed look-up, a greylisting policy, recipients too many. Postfix counts these
    /// too (smtpd_soft_error_limit); Exim only what breaks the protocol (smtp_max_synprot_errors). Counting punishes who does all right: a list of 30
    /// recipients before a greylisting policy would be cut off at the twentieth and be let in that much later, and a full disk would make its clients
    /// wait a second a message. Harvesting is not helped by it: a 4yz for all addresses tells nothing, an unknown recipient is a 5yz. A policy that wants
    /// the client slowed or gone answers 5yz or 421.
    /// </remarks>
    private bool IsPostponement(SmtpReply reply)
    {
        bool follows = _isPostponed && LastVerb is SmtpVerb.Rcpt or SmtpVerb.Data or SmtpVerb.Bdat
            && (reply == Replies.MailFirst || reply == Replies.NoValidRecipients || reply == Replies.LmtpNoValidRecipients);
        return (follows || reply.Class == ReplyClass.TransientFailure) && ++_postponements <= _profile.Limits.MaximumRecipients;
    }

    private void OnSaid(int code, ReadOnlySpan<byte> wire)
    {
        bool isPipelined = LastVerb is SmtpVerb.Rcpt or SmtpVerb.Data or SmtpVerb.Bdat;
        _isPostponed = code >= 500 ? _isPostponed && isPipelined : code >= 400 && (isPipelined || LastVerb == SmtpVerb.Mail);
        LastReplyCode = code;
        _unflushed += wire.Length;
        Observer?.OnReply(this, LastVerb, code, wire);
    }
}
