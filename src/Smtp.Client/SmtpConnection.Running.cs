using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Smtp.Core;

namespace Smtp.Client;

/// <content>The one loop between session and network.</content>
public sealed partial class SmtpConnection
{
    // From this length on a piece of content goes to the network from where it lies.
    private const int DirectLength = 16 * 1024;

    // So much is collected of smaller pieces before it is sent; an SslStream makes four records of it.
    private const int FlushLength = 64 * 1024;

    // A direct piece is cut into blocks of this length, each with its own deadline.
    private const int DirectBlockLength = 256 * 1024;

    private DotEncoder _encoder;
    private ValueTask<ReadResult> _reading;
    private bool _isReading;
    private bool _isReadingContent;
    private bool _isEightBit;
    private long _deadlineFor = -1;

    /// <summary>
    /// Goes on with the session's operation until it is over: (1) lets the session read what is there and write what it may,
    /// (2) sends a body when the server wants one, (3) sends what was written, (4) reads more.
    /// </summary>
    /// <param name="message">The message of a mail transaction.</param>
    /// <returns>How the operation ended.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ClientEffect> RunAsync(SmtpMessage? message)
    {
        PipeReader input = _transport.Input;
        PipeWriter output = _transport.Output;
        IOException? unsent = null;
        bool hasRead = input.TryRead(out ReadResult read);
        while (true)
        {
            // (1)
            ClientEffect effect = Advance(hasRead ? read.Buffer : ReadOnlySequence<byte>.Empty, output, out SequencePosition consumed);
            if (hasRead)
            {
                input.AdvanceTo(consumed, effect == ClientEffect.NeedInput ? read.Buffer.End : consumed);
            }

            if (effect == ClientEffect.SendBody)
            {
                // (2)
                hasRead = false;
                if (await WriteBodyAsync(message!, output).ConfigureAwait(false))
                {
                    continue;
                }

                if (_session.Phase == ClientPhase.Closed)
                {
                    return ClientEffect.Completed;
                }
            }
            else if (effect != ClientEffect.NeedInput)
            {
                return effect;
            }
            else if (hasRead && read.IsCompleted)
            {
                throw unsent ?? new EndOfStreamException("The server closed the connection.");
            }

            // (3) A server that has gone may have said why: that is read before the failure is told.
            ExtendDeadline(output);
            if (unsent is null && output.UnflushedBytes > 0)
            {
                try
                {
                    await output.FlushAsync(_transport.Token).ConfigureAwait(false);
                }
                catch (IOException error)
                {
                    unsent = error;
                }
            }

            // (4)
            if (_isReading)
            {
                _isReading = false;
                read = await _reading.ConfigureAwait(false);
            }
            else
            {
                read = await input.ReadAsync(_transport.Token).ConfigureAwait(false);
            }

            hasRead = true;
        }
    }

    private ClientEffect Advance(ReadOnlySequence<byte> buffer, PipeWriter output, out SequencePosition consumed)
    {
        ReadOnlySequence<byte> rest = buffer;
        ClientEffect effect;
        if (_trace is null)
        {
            effect = _session.Advance(ref rest, output);
        }
        else
        {
            _trace.IsSecret = _session.Stage == SmtpStage.Authenticate;
            _trace.SetOutput(output);
            effect = _session.Advance(ref rest, _trace);
            _trace.Log(buffer.Slice(0, rest.Start));
        }

        consumed = rest.Start;
        return effect;
    }

    /// <summary>
    /// Sends the message's content, and looks out for a server that refuses before its end. A small message is only collected.
    /// </summary>
    /// <returns>Whether all was sent; if not, the server has spoken or the message was given up.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WriteBodyAsync(SmtpMessage message, PipeWriter output)
    {
        MessageContent content = message.Content;
        HasReadContent = !content.IsMemory;
        PipeReader? source = content.IsMemory ? null : content.OpenReader(FlushLength);
        ReadOnlySequence<byte> piece = content.Memory;
        long length = piece.Length;
        bool isLast = source is null;
        _encoder.Reset();
        do
        {
            if (source is not null)
            {
                // The content's source may take its time; the server's deadline is the server's.
                _transport.ClearDeadline();
                _isReadingContent = true;
                ReadResult read = await source.ReadAsync(_transport.Token).ConfigureAwait(false);
                if (read.IsCanceled)
                {
                    throw new OperationCanceledException("Reading the content was cancelled by its owner.");
                }

                _isReadingContent = false;
                piece = read.Buffer;
                length += piece.Length;
                isLast = read.IsCompleted;
                if (!_isEightBit && !IsAscii(piece))
                {
                    return GiveUp(SendRefusal.NeedsEightBitMime);
                }
            }

            SequencePosition end = piece.End;
            while (_encoder.Read(ref piece, out ReadOnlyMemory<byte> chunk) == BodyStatus.Chunk)
            {
                if (chunk.Length < DirectLength)
                {
                    output.Write(chunk.Span);
                    if (output.UnflushedBytes < FlushLength)
                    {
                        continue;
                    }

                    chunk = default;
                }

                do
                {
                    ReadOnlyMemory<byte> direct = chunk[..Math.Min(chunk.Length, DirectBlockLength)];
                    chunk = chunk[direct.Length..];
                    _transport.SetDeadline(_options.Timeouts.DataBlock);
                    if (!_isReading)
                    {
#pragma warning disable CA2012 // Awaited once: by RunAsync, in the place of its next read.
                        _reading = _transport.Input.ReadAsync(_transport.Token);
#pragma warning restore CA2012
                        _isReading = true;
                    }

                    try
                    {
                        await output.WriteAsync(direct, _transport.Token).ConfigureAwait(false);
                    }
                    catch (IOException)
                    {
                        // What the server said before it went is still to be read; if it said nothing, reading fails as this did.
                        return false;
                    }
                    catch (OperationCanceledException) when (_transport.Reason == TransportEnd.TimedOut && _reading.IsCompleted)
                    {
                        // The server takes no more because it has refused.
                        return false;
                    }

                    if (_reading.IsCompleted)
                    {
                        return false;
                    }
                }
                while (!chunk.IsEmpty);
            }

            source?.AdvanceTo(end);
            if (_options.BareLineEndings == BareLineEndings.Refuse && (_encoder.SawBareLineEnding || (isLast && EndsInCarriageReturn())))
            {
                return GiveUp(SendRefusal.BareLineEnding);
            }
        }
        while (!isLast);

        if (content.Length is { } announced && announced != length)
        {
            throw new InvalidOperationException($"The content has {length} octets, and not {announced} as announced.");
        }

        if (source is not null && !ReferenceEquals(source, content.Source))
        {
            await source.CompleteAsync().ConfigureAwait(false);
        }

        _session.CompleteBody(_encoder.Terminator, output);
        _trace?.LogContent(length);
        return true;
    }

    /// <summary>
    /// Says what the content is, as far as it can be known before it is sent. Content in memory is looked through; what it turns out to be
    /// counts for more than what the envelope says.
    /// </summary>
    private BodyType Classify(SmtpMessage message, out SendRefusal refusal)
    {
        refusal = SendRefusal.None;
        BodyType? said = message.Envelope.Body;
        bool offered = Peer.Offers(SmtpExtensions.EightBitMime);
        BodyType body;
        if (said == BodyType.BinaryMime)
        {
            body = BodyType.BinaryMime;
        }
        else if (message.Content.IsMemory)
        {
            body = IsAscii(message.Content.Memory) ? BodyType.SevenBit : BodyType.EightBitMime;
            if (_options.BareLineEndings == BareLineEndings.Refuse && HasBareLineEnding(message.Content.Memory))
            {
                refusal = SendRefusal.BareLineEnding;
            }
        }
        else
        {
            body = said ?? (offered ? BodyType.EightBitMime : BodyType.SevenBit);
        }

        _isEightBit = body == BodyType.EightBitMime;
        return body;
    }

    private static bool IsAscii(ReadOnlySequence<byte> octets)
    {
        foreach (ReadOnlyMemory<byte> memory in octets)
        {
            if (!Ascii.IsValid(memory.Span))
            {
                return false;
            }
        }

        return true;
    }

    private bool HasBareLineEnding(ReadOnlySequence<byte> content)
    {
        _encoder.Reset();
        while (_encoder.Read(ref content, out _) == BodyStatus.Chunk)
        {
            if (_encoder.SawBareLineEnding)
            {
                return true;
            }
        }

        return _encoder.SawBareLineEnding || EndsInCarriageReturn();
    }

    /// <summary>Whether the encoder has to complete a CR that is the content's last octet.</summary>
    private bool EndsInCarriageReturn() => _encoder.Terminator[0] == '\n';

    /// <summary>Breaks the connection off inside the body: without the end of data, the server takes nothing.</summary>
    private bool GiveUp(SendRefusal refusal)
    {
        _session.Abandon(refusal);
        _transport.Break();
        return false;
    }

    /// <summary>A deadline is for one reply, not for each read that brings a part of it.</summary>
    private void ExtendDeadline(PipeWriter output)
    {
        if (_deadlineFor != _session.ReplyCount || output.UnflushedBytes > 0)
        {
            _deadlineFor = _session.ReplyCount;
            _transport.SetDeadline(TimeoutOf(_session.Stage));
        }
    }

    private TimeSpan TimeoutOf(SmtpStage stage) => stage switch
    {
        SmtpStage.Greeting => _options.Timeouts.Greeting,
        SmtpStage.Mail => _options.Timeouts.Mail,
        SmtpStage.Recipient => _options.Timeouts.Recipient,
        SmtpStage.Data => _options.Timeouts.Data,
        SmtpStage.Body => _options.Timeouts.DataBlock,
        SmtpStage.FinalReply => _options.Timeouts.FinalReply,
        SmtpStage.Quit => _options.Timeouts.Quit,
        _ => _options.Timeouts.Command,
    };
}
