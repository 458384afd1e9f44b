using System.Buffers;

namespace Smtp.Core;

/// <content>Command lines: check here, decide outside, commit in <see cref="Resume"/>.</content>
public sealed partial class ServerSession
{
    private const int MaximumMechanismLength = 20;

    private static readonly SearchValues<byte> MechanismOctets =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    /// <summary>Reads and answers one line.</summary>
    /// <returns><see cref="ServerEffect.Flush"/> when it was answered and the next one may be read.</returns>
    private ServerEffect AdvanceLine(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        if (input.IsEmpty)
        {
            return ServerEffect.NeedInput;
        }

        // RFC 4954 §4: AUTH's own line may be as long as the lines of its exchange, so that an initial response fits.
        SmtpLimits limits = _profile.Limits;
        int limit = Math.Max(limits.MaximumCommandLineLength, limits.MaximumAuthenticationLineLength);
        switch (_lines.Read(ref input, limit, out ReadOnlySpan<byte> line))
        {
            case LineStatus.NeedInput:
                return ServerEffect.NeedInput;

            case LineStatus.Line:
                break;

            case LineStatus.TooLong:
                Refuse(_phase == ServerPhase.Authenticating ? Replies.AuthenticationLineTooLong : Replies.LineTooLong, output);
                return ServerEffect.Flush;

            default:
                Refuse(Replies.BareLineEnding, output);
                return ServerEffect.Flush;
        }

        if (_phase == ServerPhase.Authenticating)
        {
            return ReceiveSaslResponse(line, output);
        }

        SmtpCommand command = SmtpCommand.Parse(line);
        SmtpVerb verb = command.Verb;
        LastVerb = verb;
        Observer?.OnCommand(this, Masked(verb, line));
        if (verb == SmtpVerb.Unknown && _phase == ServerPhase.Greeted && LooksLikeHttp(line))
        {
            return RefuseHttp(output);
        }

        if (verb == SmtpVerb.Unknown && SmtpCommand.StartsLikeChunk(line))
        {
            // Such as "BDAT", a tab and a number, which some servers read: its chunk comes all the same.
            return RefuseChunk(default, Replies.UnknownCommand, output);
        }

        if (line.Length + 2 > limits.MaximumCommandLineLength && verb != SmtpVerb.Auth)
        {
            return verb == SmtpVerb.Bdat ? RefuseChunk(command.Argument, Replies.LineTooLong, output) : Answer(Replies.LineTooLong, output);
        }

        if (_profile.Options.RejectImproperPipelining && !input.IsEmpty && SequenceRules.EndsPipelineGroup(verb) && verb != SmtpVerb.StartTls)
        {
            Say(Replies.ImproperPipelining, output);
            _phase = ServerPhase.Closing;
            return ServerEffect.Close;
        }

        SmtpReply refusal = Check(verb);
        if (refusal == Replies.NoValidRecipients && _profile.Options.Lmtp)
        {
            refusal = Replies.LmtpNoValidRecipients;
        }

        if (!refusal.IsNone)
        {
            return verb == SmtpVerb.Bdat ? RefuseChunk(command.Argument, refusal, output) : Answer(refusal, output);
        }

        bool isFirstHello = _phase == ServerPhase.Greeted && verb is SmtpVerb.Ehlo or SmtpVerb.Helo or SmtpVerb.Lhlo && _hello == SmtpVerb.Unknown;
        if (SequenceRules.IsUnproductive(verb) && !isFirstHello && ++_unproductiveCommands > limits.MaximumUnproductiveCommands)
        {
            return Answer(Replies.TooManyUnproductiveCommands, output);
        }

        ReadOnlySpan<byte> argument = command.Argument;
        switch (verb)
        {
            case SmtpVerb.Mail:
                return Mail(argument, output);
            case SmtpVerb.Rcpt:
                return Rcpt(argument, output);
            case SmtpVerb.Data:
                return Data(argument, output);
            case SmtpVerb.Bdat:
                return Bdat(argument, output);
            case SmtpVerb.Ehlo:
            case SmtpVerb.Helo:
            case SmtpVerb.Lhlo:
                return Hello(verb, argument, output);
            case SmtpVerb.Auth:
                return Auth(argument, output);
            case SmtpVerb.StartTls:
                return StartTls(argument, ref input, output);
            case SmtpVerb.Rset:
                return Rset(argument, output);
            case SmtpVerb.Noop:
                // RFC 5321 §4.1.1.9: an argument is allowed and ignored.
                return Answer(Replies.Ok, output);
            case SmtpVerb.Vrfy:
                return Answer(argument.IsEmpty ? Replies.BadArguments : Replies.CannotVerify, output);
            case SmtpVerb.Help:
                return Answer(Replies.Help, output);
            case SmtpVerb.Quit:
                return Quit(argument, output);
            case SmtpVerb.Expn:
                return Answer(Replies.NotImplemented, output);
            default:
                return Answer(Replies.UnknownCommand, output);
        }
    }

    private ServerEffect Answer(SmtpReply reply, IBufferWriter<byte> output)
    {
        Say(reply, output);
        return ServerEffect.Flush;
    }

    /// <summary>Answers a line that was no command at all.</summary>
    private void Refuse(SmtpReply reply, IBufferWriter<byte> output)
    {
        LastVerb = SmtpVerb.Unknown;
        if (_phase == ServerPhase.Authenticating)
        {
            // RFC 4954 §4: a broken exchange is over.
            EndAuthentication();
            Say(reply, output);
            return;
        }

        if (_phase == ServerPhase.Greeted && RefusedLineLooksLikeHttp())
        {
            RefuseHttp(output);
            return;
        }

        Say(reply, output);
        if (_lines.RefusedLineStartsWithWord("BDAT"u8))
        {
            // How long its chunk is cannot be known, and the chunk must not run as commands.
            _phase = ServerPhase.Closing;
        }
    }

    /// <summary>The order of commands, and what must come before them.</summary>
    private SmtpReply Check(SmtpVerb verb)
    {
        // RFC 5321 §3.1: a refused client is told 503, whatever else it lacks.
        if (!IsTls && _profile.Options.RequireTls && _phase != ServerPhase.Refused && !SequenceRules.IsAllowedWithoutTls(verb))
        {
            return Replies.MustStartTls;
        }

        SmtpReply refusal = SequenceRules.Check(verb, _phase);
        if (!refusal.IsNone)
        {
            return refusal;
        }

        return !IsAuthenticated && _profile.Options.RequireAuthentication && !SequenceRules.IsAllowedWithoutAuthentication(verb)
            ? Replies.AuthenticationRequired
            : default;
    }

    /// <summary>
    /// AUTH and its mechanism, without the initial response; nothing of a line that is no command, as it may be the response of an exchange that the
    /// client thinks is going on.
    /// </summary>
    private static ReadOnlySpan<byte> Masked(SmtpVerb verb, ReadOnlySpan<byte> line)
    {
        if (verb != SmtpVerb.Auth)
        {
            return verb == SmtpVerb.Unknown ? default : line;
        }

        // sasl-mech = 1*20mech-char (RFC 4422 §3.1). Where anything else stands, such as a name with a tab and a password behind it, it is not shown; nor is what
        // has letters of both cases, as base64 does.
        ReadOnlySpan<byte> rest = line[Math.Min(line.Length, "AUTH ".Length)..];
        int end = rest.IndexOfAnyExcept(MechanismOctets);
        int length = end < 0 ? rest.Length : end;
        bool isName = length is > 0 and <= MaximumMechanismLength
            && (end < 0 || rest[end] == ' ')
            && !(rest[..length].ContainsAnyInRange((byte)'a', (byte)'z') && rest[..length].ContainsAnyInRange((byte)'A', (byte)'Z'));
        return line[..("AUTH".Length + (isName ? 1 + length : 0))];
    }

    private static bool LooksLikeHttp(ReadOnlySpan<byte> line) =>
        line.IndexOf(" HTTP/"u8) > 0
        || line.StartsWith("GET /"u8)
        || line.StartsWith("POST /"u8)
        || line.StartsWith("PUT /"u8)
        || line.StartsWith("CONNECT "u8);

    /// <summary>Of a line that was not kept, such as one with a path of many kilobytes, the first four octets must do. No verb of SMTP starts so.</summary>
    private bool RefusedLineLooksLikeHttp() =>
        _lines.RefusedLineStartsWithWord("GET "u8)
        || _lines.RefusedLineStartsWithWord("POST"u8)
        || _lines.RefusedLineStartsWithWord("PUT "u8)
        || _lines.RefusedLineStartsWithWord("HEAD"u8)
        || _lines.RefusedLineStartsWithWord("OPTI"u8)
        || _lines.RefusedLineStartsWithWord("PATC"u8)
        || _lines.RefusedLineStartsWithWord("DELE"u8)
        || _lines.RefusedLineStartsWithWord("CONN"u8);

    /// <summary>A browser made to talk to us: its header lines and its body must not be tried as commands.</summary>
    private ServerEffect RefuseHttp(IBufferWriter<byte> output)
    {
        Say(Replies.NotHttp, output);
        _phase = ServerPhase.Closing;
        return ServerEffect.Close;
    }

    /// <summary><c>ehlo = "EHLO" SP ( Domain / address-literal ) CRLF</c>, <c>helo = "HELO" SP Domain CRLF</c> (RFC 5321 §4.1.1.1)</summary>
    private ServerEffect Hello(SmtpVerb verb, ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (_profile.Options.Lmtp != (verb == SmtpVerb.Lhlo))
        {
            return Answer(Replies.WrongHello, output);
        }

        if (!PathSyntax.IsHelloName(argument))
        {
            return Answer(Replies.BadHelloName, output);
        }

        if (_stagedHelloName.Length < argument.Length)
        {
            // A name keeps its length from one EHLO of a client to the next; ten thousand idle clients keep their names.
            _stagedHelloName = new byte[(argument.Length + 31) & ~31];
        }

        argument.CopyTo(_stagedHelloName);
        _stagedHelloNameLength = argument.Length;
        _stagedHello = verb;
        return Await(ServerEffect.CheckHello);
    }

    private void ResumeHello(SmtpReply reply, IBufferWriter<byte> output)
    {
        if (!reply.IsPositive)
        {
            Say(reply, output);
            return;
        }

        // RFC 5321 §4.1.4: EHLO in the middle of a session clears as RSET does.
        _abortOwed = _messageOpen;
        Forget();
        _hello = _stagedHello;
        (_helloName, _stagedHelloName) = (_stagedHelloName, _helloName);
        _helloNameLength = _stagedHelloNameLength;
        _phase = ServerPhase.Ready;
        ReadOnlySpan<byte> said = _hello == SmtpVerb.Helo ? _profile.HeloReply : _profile.EhloReply(this);
        output.Write(said);
        OnSaid(250, said);
    }

    /// <summary><c>mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF</c> (RFC 5321 §4.1.1.2)</summary>
    private ServerEffect Mail(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (MessagesAccepted >= _profile.Limits.MaximumMessages)
        {
            return Answer(Replies.TooManyMessages, output);
        }

        SmtpReply refusal = MailArguments.TryParse(argument, ActiveExtensions, Leniency, out MailArguments arguments);
        if (refusal.IsNone && arguments.Size > _profile.Limits.MaximumMessageSize)
        {
            refusal = Replies.MessageTooBig;
        }
        else if (refusal.IsNone && LacksQualifiedDomain(arguments.Mailbox, arguments.LocalPartLength))
        {
            refusal = Replies.UnqualifiedSender;
        }

        if (!refusal.IsNone)
        {
            return Answer(refusal, output);
        }

        Envelope.SetSender(in arguments);
        return Await(ServerEffect.CheckSender);
    }

    /// <summary><c>rcpt = "RCPT TO:" ( "&lt;Postmaster@" Domain "&gt;" / "&lt;Postmaster&gt;" / Forward-path ) [SP Rcpt-parameters] CRLF</c> (RFC 5321 §4.1.1.3)</summary>
    private ServerEffect Rcpt(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        SmtpReply refusal = RcptArguments.TryParse(argument, ActiveExtensions, Envelope.SmtpUtf8, Leniency, out RcptArguments arguments);
        if (refusal.IsNone && LacksQualifiedDomain(arguments.Mailbox, arguments.LocalPartLength))
        {
            refusal = Replies.UnqualifiedRecipient;
        }

        if (!refusal.IsNone)
        {
            return Answer(refusal, output);
        }

        if (Envelope.RecipientCount >= _profile.Limits.MaximumRecipients)
        {
            // RFC 5321 §4.5.3.1.10: the client goes on with the rest in another transaction.
            return Answer(Replies.TooManyRecipients, output);
        }

        Envelope.StageRecipient(in arguments);
        return Await(ServerEffect.CheckRecipient);
    }

    /// <summary>RFC 6409 §4.2. The null path and Postmaster have no domain that could be unqualified.</summary>
    private bool LacksQualifiedDomain(ReadOnlySpan<byte> mailbox, int localPartLength)
    {
        if (!_profile.Options.RequireQualifiedDomains || mailbox.Length <= localPartLength)
        {
            return false;
        }

        ReadOnlySpan<byte> domain = mailbox[(localPartLength + 1)..];
        return domain[0] != '[' && !domain.Contains((byte)'.') && domain.IndexOf(IdeographicFullStop) < 0;
    }

    // RFC 5891 §4 has clients map it to a dot; a client that did not is still understood.
    private static ReadOnlySpan<byte> IdeographicFullStop => "\u3002"u8;

    private PathOptions Leniency =>
        _profile.Options.Leniency & (PathOptions.AllowLeadingSpace | PathOptions.AllowMissingBrackets);

    /// <summary><c>rset = "RSET" CRLF</c> (RFC 5321 §4.1.1.5)</summary>
    private ServerEffect Rset(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            return Answer(Replies.NoArgumentsAllowed, output);
        }

        bool open = _messageOpen;
        if (_phase != ServerPhase.Greeted)
        {
            _phase = ServerPhase.Ready;
        }

        Forget();
        Say(Replies.Ok, output);
        return open ? ServerEffect.AbortMessage : ServerEffect.Flush;
    }

    /// <summary>Forgets the transaction; of a message that is open, the envelope only when the driver has dropped it.</summary>
    private void Forget()
    {
        _forgetOwed = _messageOpen;
        if (!_messageOpen)
        {
            _envelope?.Reset();
        }

        ResetBody();
    }

    /// <summary><c>quit = "QUIT" CRLF</c> (RFC 5321 §4.1.1.10)</summary>
    private ServerEffect Quit(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            return Answer(Replies.NoArgumentsAllowed, output);
        }

        Say(Replies.Bye, output);
        _phase = ServerPhase.Closing;
        return ServerEffect.Close;
    }

    /// <summary><c>"STARTTLS" CRLF</c> (RFC 3207 §4)</summary>
    private ServerEffect StartTls(ReadOnlySpan<byte> argument, ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        SmtpReply refusal = IsTls ? Replies.AlreadyTls
            : (_profile.Extensions & SmtpExtensions.StartTls) == 0 ? Replies.NotImplemented
            : !argument.IsEmpty ? Replies.NoArgumentsAllowed
            : default;
        if (!refusal.IsNone)
        {
            return Answer(refusal, output);
        }

        // What came behind STARTTLS came in the clear, from anybody on the wire: none of it is ever executed (CVE-2011-0411).
        input = input.Slice(input.End);
        Say(Replies.ReadyForTls, output);
        return Await(ServerEffect.UpgradeTls);
    }
}
