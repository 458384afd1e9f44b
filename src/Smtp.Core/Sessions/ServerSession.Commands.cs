using System.Buffers;

namespace Smtp.Core;

/// <content>Command lines: check here, decide outside, commit in <see cref="Resume"/>.</content>
public sealed partial class ServerSession
{
    /// <summary>Reads and answers one line.</summary>
    /// <returns><see cref="SessionEffect.Flush"/> when it was answered and the next one may be read.</returns>
    private SessionEffect AdvanceLine(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        if (input.IsEmpty)
        {
            return SessionEffect.NeedInput;
        }

        // RFC 4954 §4: AUTH's own line may be as long as the lines of its exchange, so that an initial response fits.
        SmtpLimits limits = _profile.Limits;
        int limit = Math.Max(limits.MaximumCommandLineLength, limits.MaximumAuthenticationLineLength);
        switch (_lines.Read(ref input, limit, out ReadOnlySpan<byte> line))
        {
            case LineStatus.NeedInput:
                return SessionEffect.NeedInput;

            case LineStatus.Line:
                break;

            case LineStatus.TooLong:
                Refuse(_phase == SessionPhase.Authenticating ? Replies.AuthenticationLineTooLong : Replies.LineTooLong, output);
                return SessionEffect.Flush;

            default:
                Refuse(Replies.BareLineEnding, output);
                return SessionEffect.Flush;
        }

        if (_phase == SessionPhase.Authenticating)
        {
            return ReceiveSaslResponse(line, output);
        }

        SmtpCommand command = SmtpCommand.Parse(line);
        SmtpVerb verb = command.Verb;
        LastVerb = verb;
        Observer?.OnCommand(this, Masked(verb, line));
        if (verb == SmtpVerb.Unknown && _phase == SessionPhase.Greeted && LooksLikeHttp(line))
        {
            return RefuseHttp(output);
        }

        if (line.Length + 2 > limits.MaximumCommandLineLength && verb != SmtpVerb.Auth)
        {
            return verb == SmtpVerb.Bdat ? RefuseChunk(command.Argument, Replies.LineTooLong, output) : Answer(Replies.LineTooLong, output);
        }

        if (_profile.Options.RejectImproperPipelining && !input.IsEmpty && SequenceRules.EndsPipelineGroup(verb) && verb != SmtpVerb.StartTls)
        {
            Say(Replies.ImproperPipelining, output);
            _phase = SessionPhase.Closing;
            return SessionEffect.Close;
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

        bool isFirstHello = _phase == SessionPhase.Greeted && verb is SmtpVerb.Ehlo or SmtpVerb.Helo or SmtpVerb.Lhlo && _hello == SmtpVerb.Unknown;
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

    private SessionEffect Answer(SmtpReply reply, IBufferWriter<byte> output)
    {
        Say(reply, output);
        return SessionEffect.Flush;
    }

    /// <summary>Answers a line that was no command at all.</summary>
    private void Refuse(SmtpReply reply, IBufferWriter<byte> output)
    {
        LastVerb = SmtpVerb.Unknown;
        if (_phase == SessionPhase.Authenticating)
        {
            // RFC 4954 §4: a broken exchange is over.
            EndAuthentication();
            Say(reply, output);
            return;
        }

        if (_phase == SessionPhase.Greeted && RefusedLineLooksLikeHttp())
        {
            RefuseHttp(output);
            return;
        }

        Say(reply, output);
        if (_lines.RefusedLineStartsWithWord("BDAT"u8))
        {
            // How long its chunk is cannot be known, and the chunk must not run as commands.
            _phase = SessionPhase.Closing;
        }
    }

    /// <summary>The order of commands, and what must come before them.</summary>
    private SmtpReply Check(SmtpVerb verb)
    {
        // RFC 5321 §3.1: a refused client is told 503, whatever else it lacks.
        if (!IsTls && _profile.Options.RequireTls && _phase != SessionPhase.Refused && !SequenceRules.IsAllowedWithoutTls(verb))
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

        int mechanism = line.IndexOf((byte)' ') + 1;
        int end = line[mechanism..].IndexOf((byte)' ');
        return mechanism == 0 || end < 0 ? line : line[..(mechanism + end)];
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
    private SessionEffect RefuseHttp(IBufferWriter<byte> output)
    {
        Say(Replies.NotHttp, output);
        _phase = SessionPhase.Closing;
        return SessionEffect.Close;
    }

    /// <summary><c>ehlo = "EHLO" SP ( Domain / address-literal ) CRLF</c>, <c>helo = "HELO" SP Domain CRLF</c> (RFC 5321 §4.1.1.1)</summary>
    private SessionEffect Hello(SmtpVerb verb, ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
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
        return Await(SessionEffect.CheckHello);
    }

    private void ResumeHello(SmtpReply reply, IBufferWriter<byte> output)
    {
        if (!reply.IsPositive)
        {
            Say(reply, output);
            return;
        }

        // RFC 5321 §4.1.4: EHLO in the middle of a session clears as RSET does.
        bool open = _messageOpen;
        _envelope?.Reset();
        ResetBody();
        _abortOwed = open;
        _hello = _stagedHello;
        (_helloName, _stagedHelloName) = (_stagedHelloName, _helloName);
        _helloNameLength = _stagedHelloNameLength;
        _phase = SessionPhase.Ready;
        ReadOnlySpan<byte> said = _hello == SmtpVerb.Helo ? _profile.HeloReply : _profile.EhloReply(this);
        output.Write(said);
        OnSaid(250, said);
    }

    /// <summary><c>mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF</c> (RFC 5321 §4.1.1.2)</summary>
    private SessionEffect Mail(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
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
        return Await(SessionEffect.CheckSender);
    }

    /// <summary><c>rcpt = "RCPT TO:" ( "&lt;Postmaster@" Domain "&gt;" / "&lt;Postmaster&gt;" / Forward-path ) [SP Rcpt-parameters] CRLF</c> (RFC 5321 §4.1.1.3)</summary>
    private SessionEffect Rcpt(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
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
        return Await(SessionEffect.CheckRecipient);
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
    private SessionEffect Rset(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            return Answer(Replies.NoArgumentsAllowed, output);
        }

        bool open = _messageOpen;
        if (_phase != SessionPhase.Greeted)
        {
            _phase = SessionPhase.Ready;
        }

        _envelope?.Reset();
        ResetBody();
        Say(Replies.Ok, output);
        return open ? SessionEffect.AbortMessage : SessionEffect.Flush;
    }

    /// <summary><c>quit = "QUIT" CRLF</c> (RFC 5321 §4.1.1.10)</summary>
    private SessionEffect Quit(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            return Answer(Replies.NoArgumentsAllowed, output);
        }

        Say(Replies.Bye, output);
        _phase = SessionPhase.Closing;
        return SessionEffect.Close;
    }

    /// <summary><c>"STARTTLS" CRLF</c> (RFC 3207 §4)</summary>
    private SessionEffect StartTls(ReadOnlySpan<byte> argument, ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
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
        return Await(SessionEffect.UpgradeTls);
    }
}
