using System.Buffers;

namespace Smtp.Core;

/// <content>DATA and BDAT: the body is handed out in slices of the input, counted and checked, and never held.</content>
public sealed partial class ServerSession
{
    private DotDecoder _decoder;
    private ChunkCounter _chunk;
    private ContentInspector _inspector;
    private bool _isLastChunk;
    private bool _messageOpen;
    private SmtpReply _bodyRefusal;
    private bool _isRefusedForContent;
    private long _bodyLength;
    private long _discarded;
    private ServerPhase _phaseBehindChunk;

    // EHLO between two chunks was accepted: the open message is to be dropped before anything else.
    private bool _abortOwed;

    // EHLO or RSET has ended a message that the driver drops just now: its envelope is forgotten behind that.
    private bool _forgetOwed;

    /// <summary>What to write on <see cref="ServerEffect.WriteBody"/>. Valid until the next call of the session.</summary>
    public ReadOnlyMemory<byte> BodyChunk { get; private set; }

    /// <summary>The octets of the open message so far, as RFC 1870 counts them.</summary>
    public long BodyLength => _bodyLength;

    /// <summary>
    /// Tells that the message that is open cannot be taken any more: what remains of it is read and dropped, and answered with
    /// <paramref name="reply"/>. The driver has dropped its part, no <see cref="ServerEffect.AbortMessage"/> follows.
    /// </summary>
    /// <param name="reply">A 4yz or 5yz.</param>
    public void FailMessage(SmtpReply reply)
    {
        if (!_messageOpen)
        {
            ThrowMisuse("No message is open.");
        }

        if (reply.IsPositive)
        {
            throw new ArgumentException("A failed message wants a refusal.", nameof(reply));
        }

        _messageOpen = false;
        _bodyRefusal = reply;
    }

    /// <summary><c>data = "DATA" CRLF</c> (RFC 5321 §4.1.1.4)</summary>
    private ServerEffect Data(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if (!argument.IsEmpty)
        {
            return Answer(Replies.NoArgumentsAllowed, output);
        }

        if (Envelope.Body == BodyType.BinaryMime)
        {
            return Answer(Replies.BinaryNeedsBdat, output);
        }

        _decoder.Reset();
        return Await(ServerEffect.OpenMessage);
    }

    /// <summary><c>bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ] CRLF</c>, <c>chunk-size = 1*DIGIT</c> (RFC 3030 §2)</summary>
    private ServerEffect Bdat(ReadOnlySpan<byte> argument, IBufferWriter<byte> output)
    {
        if ((ActiveExtensions & SmtpExtensions.Chunking) == 0)
        {
            return RefuseChunk(argument, Replies.NotImplemented, output);
        }

        if (!TryParseChunk(argument, out long size, out bool isLast))
        {
            return RefuseChunk(argument, Replies.BadArguments, output);
        }

        // A chunk of nothing that is not the last brings no mail, and a client could send them for ever.
        if (size == 0 && !isLast && ++_unproductiveCommands > _profile.Limits.MaximumUnproductiveCommands)
        {
            return Answer(Replies.TooManyUnproductiveCommands, output);
        }

        _chunk = new ChunkCounter(size);
        _isLastChunk = isLast;
        _phaseBehindChunk = ServerPhase.Chunks;
        if (size > _profile.Limits.MaximumMessageSize - _bodyLength)
        {
            // Known before the first octet: nothing of it is written.
            _bodyRefusal = Replies.MessageTooBig;
            if (IsTooLargeToDiscard(size))
            {
                Say(_bodyRefusal, output);
                _phase = ServerPhase.Closing;
                return _messageOpen ? AbortIfOpen() : ServerEffect.Close;
            }

            _phase = ServerPhase.Chunk;
            return AbortIfOpen();
        }

        if (_phase == ServerPhase.Chunks)
        {
            _phase = ServerPhase.Chunk;
            return ServerEffect.Flush;
        }

        return Await(ServerEffect.OpenMessage);
    }

    /// <summary>
    /// Refuses a BDAT. Its octets come all the same and must not be read as commands: exactly as many as it said are dropped, and then the
    /// reply is given. If how many cannot be known, or they are more than would be read, the connection is closed at once.
    /// </summary>
    private ServerEffect RefuseChunk(ReadOnlySpan<byte> argument, SmtpReply refusal, IBufferWriter<byte> output)
    {
        if (!TryParseChunk(argument, out long size, out _) || IsTooLargeToDiscard(size))
        {
            Say(refusal, output);
            _phase = ServerPhase.Closing;
            return ServerEffect.Close;
        }

        _chunk = new ChunkCounter(size);
        _isLastChunk = false;
        _bodyRefusal = refusal;
        _phaseBehindChunk = _phase;
        _phase = ServerPhase.Chunk;
        return ServerEffect.Flush;
    }

    /// <summary>Whether a chunk that is refused is said to be larger than what may still be read and dropped: to read up to there would be in vain.</summary>
    private bool IsTooLargeToDiscard(long size) => size > _profile.Limits.MaximumDiscardedOctets - _discarded;

    private void ResumeOpenMessage(SmtpReply reply, IBufferWriter<byte> output)
    {
        _awaited = ServerEffect.NeedInput;
        bool isChunk = LastVerb == SmtpVerb.Bdat;
        if (!reply.IsPositive)
        {
            if (isChunk)
            {
                // The transaction is over, and what its other chunks bring is refused one by one.
                _bodyRefusal = reply;
                _phase = ServerPhase.Chunk;
            }
            else
            {
                Say(reply, output);
            }

            return;
        }

        _messageOpen = true;
        _bodyLength = 0;
        _bodyRefusal = default;
        _isRefusedForContent = false;
        _phase = isChunk ? ServerPhase.Chunk : ServerPhase.Body;
        if (!isChunk)
        {
            Say(reply.Code == 354 ? reply : Replies.StartMailInput, output);
        }
    }

    private ServerEffect AdvanceBody(ref ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        while (true)
        {
            bool isChunk = _phase == ServerPhase.Chunk;
            BodyStatus status = isChunk ? _chunk.Read(ref input, out ReadOnlyMemory<byte> octets) : _decoder.Read(ref input, out octets);
            if (!isChunk && (_bodyRefusal.IsNone || _isRefusedForContent))
            {
                _bodyLength += octets.Length;
                _bodyRefusal = JudgeContent(octets.Span);
                _isRefusedForContent = !_bodyRefusal.IsNone;
            }
            else if (_bodyRefusal.IsNone)
            {
                // Octets of refused chunks are no message's: they must not count for the next one.
                _bodyLength += octets.Length;
            }

            if (!_bodyRefusal.IsNone)
            {
                _discarded += octets.Length;
                if (_discarded > _profile.Limits.MaximumDiscardedOctets)
                {
                    Say(_bodyRefusal, output);
                    _phase = ServerPhase.Closing;
                    return _messageOpen ? AbortIfOpen() : ServerEffect.Close;
                }

                if (_messageOpen)
                {
                    return AbortIfOpen();
                }
            }

            switch (status)
            {
                case BodyStatus.NeedInput:
                    return ServerEffect.NeedInput;

                case BodyStatus.Chunk when _bodyRefusal.IsNone:
                    BodyChunk = octets;
                    return ServerEffect.WriteBody;

                case BodyStatus.End:
                    return isChunk ? EndChunk(output) : EndBody(output);
            }
        }
    }

    /// <summary>
    /// Looks at the next piece of DATA's text. What a message is refused for is the first rule in this order that it breaks anywhere: so the
    /// reply does not depend on where reads cut the text.
    /// </summary>
    private SmtpReply JudgeContent(ReadOnlySpan<byte> text)
    {
        if (_profile.Options.LongLines == ContentPolicy.Reject)
        {
            _inspector.InspectLines(text);
        }

        return _decoder.SawBareLineEnding && _profile.Options.BareLineEndings == BareLineEndingPolicy.Reject ? Replies.BareLineEndingInBody
            : _decoder.SawNul && _profile.Options.NulOctets == ContentPolicy.Reject ? Replies.NulInBody
            : _inspector.SawLongLine ? Replies.LongLineInBody
            : _bodyLength > _profile.Limits.MaximumMessageSize ? Replies.MessageTooBig
            : default;
    }

    private ServerEffect EndBody(IBufferWriter<byte> output)
    {
        if (_bodyRefusal.IsNone)
        {
            return Await(ServerEffect.CommitMessage);
        }

        EndMessage(_bodyRefusal, default, output);
        return ServerEffect.Flush;
    }

    private ServerEffect EndChunk(IBufferWriter<byte> output)
    {
        if (!_bodyRefusal.IsNone)
        {
            // A chunk refused for its place in the sequence leaves what was there alone; any other refusal ends the transaction.
            SmtpReply refusal = _bodyRefusal;
            if (_phaseBehindChunk is ServerPhase.Chunks)
            {
                EndMessage(refusal, default, output);
                return ServerEffect.Flush;
            }

            _phase = _phaseBehindChunk;
            _bodyRefusal = default;
            return Answer(refusal, output);
        }

        if (_isLastChunk)
        {
            return Await(ServerEffect.CommitMessage);
        }

        _phase = ServerPhase.Chunks;
        return Answer(Replies.ChunkReceived, output);
    }

    private ServerEffect AbortIfOpen()
    {
        bool open = _messageOpen;
        _messageOpen = false;
        return open ? ServerEffect.AbortMessage : ServerEffect.Flush;
    }

    /// <summary>Ends the transaction with the reply to its body, in LMTP one for each recipient, and forgets it wholly.</summary>
    private void EndMessage(SmtpReply reply, ReadOnlySpan<SmtpReply> perRecipient, IBufferWriter<byte> output)
    {
        // RFC 2033 §4.2: a reply for each accepted recipient, in their order. A refused BDAT that is not the last has one alone.
        int replies = _profile.Options.Lmtp && (LastVerb != SmtpVerb.Bdat || _isLastChunk) ? Envelope.RecipientCount : 1;
        ResetBody();
        _envelope?.Reset();
        _phase = ServerPhase.Ready;
        bool accepted = perRecipient.IsEmpty && reply.IsPositive;
        foreach (SmtpReply one in perRecipient)
        {
            accepted |= one.Class == ReplyClass.Completion;
        }

        if (accepted)
        {
            MessagesAccepted++;
            _errors = 0;
            _unproductiveCommands = 0;
            _postponements = 0;
        }

        if (replies == 1)
        {
            Say(perRecipient.IsEmpty || perRecipient[0].IsNone ? reply : perRecipient[0], output);
            return;
        }

        // All of them are said, whatever the limit of errors: the sender would send again what got no reply. One message is one error, and none where
        // any recipient is only postponed.
        bool closes = false;
        bool isError = !accepted;
        for (int i = 0; i < replies && isError; i++)
        {
            SmtpReply one = perRecipient.IsEmpty || perRecipient[i].IsNone ? reply : perRecipient[i];
            isError = !IsPostponement(one);
        }

        _errors += isError ? 1 : 0;
        for (int i = 0; i < replies; i++)
        {
            SmtpReply one = perRecipient.IsEmpty || perRecipient[i].IsNone ? reply : perRecipient[i];
            one.WriteTo(output);
            OnSaid(one.Code, one.Wire);
            closes |= one.Code == 421;
        }

        _phase = closes ? ServerPhase.Closing : _phase;
    }

    private void ResetBody()
    {
        _decoder.Reset();
        _inspector.Reset();
        _chunk = default;
        _isLastChunk = false;
        _messageOpen = false;
        _bodyRefusal = default;
        _isRefusedForContent = false;
        _bodyLength = 0;
        BodyChunk = default;
    }

    private static bool TryParseChunk(ReadOnlySpan<byte> argument, out long size, out bool isLast)
    {
        size = 0;
        isLast = false;
        int digits = 0;
        while (digits < argument.Length && char.IsAsciiDigit((char)argument[digits]))
        {
            int digit = argument[digits++] - '0';

            // A wrapped number would end the chunk early, and its rest would run as commands.
            if (digits > 20 || size > (long.MaxValue - digit) / 10)
            {
                return false;
            }

            size = (size * 10) + digit;
        }

        if (digits == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = argument[digits..];
        isLast = rest.Length == 5 && rest[0] == ' ' && System.Text.Ascii.EqualsIgnoreCase(rest[1..], "LAST"u8);
        return rest.IsEmpty || isLast;
    }
}
