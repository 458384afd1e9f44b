using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Smtp.Core;

namespace Smtp.Client;

/// <content>Content on its way to the network.</content>
public sealed partial class SmtpConnection
{
    // From this length on a piece of content goes to the network from where it lies.
    private const int DirectLength = 16 * 1024;

    // So much is collected of smaller pieces before it is sent; an SslStream makes four records of it.
    private const int FlushLength = 64 * 1024;

    // A direct piece is cut into blocks of this length, each with its own deadline.
    private const int DirectBlockLength = 256 * 1024;

    private DotEncoder _encoder;
    private ContentSource? _source;
    private bool _isReadingContent;
    private bool _isEightBit;
    private bool _addsLineEnding;
    private byte _lastOctet;

    /// <summary>
    /// Sends the message's content, and looks out for a server that refuses before its end. A small message is only collected.
    /// </summary>
    /// <returns>Whether all was sent; if not, the server has spoken, is waited for, or the message was given up.</returns>
    private ValueTask<bool> WriteBodyAsync(SmtpMessage message, PipeWriter output) => _session.Framing == BodyFraming.Chunks
        ? WriteChunksAsync(message, output)
        : WriteWholeAsync(message, output, isText: _session.Framing == BodyFraming.Data);

    /// <summary>Sends content as DATA, or as the one chunk whose length was announced.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WriteWholeAsync(SmtpMessage message, PipeWriter output, bool isText)
    {
        MessageContent content = message.Content;
        HasReadContent |= !content.IsReplayable;
        _source = content.IsMemory ? null : content.Open(FlushLength, _transport.Token);
        ReadOnlySequence<byte> piece = content.Memory;
        long length = piece.Length;
        bool isLast = _source is null;
        bool holdsLast = false;
        _encoder.Reset();
        do
        {
            if (_source is not null)
            {
                ReadResult read = await ReadContentAsync(0).ConfigureAwait(false);
                piece = read.Buffer;
                length += piece.Length;
                isLast = read.IsCompleted;
                if (!_isEightBit && isText && !IsAscii(piece))
                {
                    return GiveUp(SendRefusal.NeedsEightBitMime);
                }

                // Not an octet more than was announced: what stands behind a chunk is a command.
                if (content.Length < length)
                {
                    throw WrongLength(content, length);
                }
            }

            SequencePosition end = piece.End;
            if (!isText && !_addsLineEnding && length == content.Length && !piece.IsEmpty)
            {
                // Nothing stands behind a chunk: with its last octet the server may take the message. So that octet goes out when the final reply
                // is owed, and not with the rest.
                holdsLast = true;
                piece.Slice(piece.Length - 1).CopyTo(new Span<byte>(ref _lastOctet));
                piece = piece.Slice(0, piece.Length - 1);
            }

            while (TryTake(ref piece, isText, out ReadOnlyMemory<byte> chunk))
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
                    if (!await SendBlockAsync(direct, output).ConfigureAwait(false))
                    {
                        return false;
                    }
                }
                while (!chunk.IsEmpty);
            }

            _source?.Reader.AdvanceTo(end);
            if (isText
                && _options.BareLineEndings == BareLineEndingPolicy.Reject
                && (_encoder.SawBareLineEnding || (isLast && EndsInCarriageReturn())))
            {
                return GiveUp(SendRefusal.BareLineEnding);
            }
        }
        while (!isLast);

        if (content.Length is { } announced && announced != length)
        {
            throw WrongLength(content, length);
        }

        _session.CompleteBody(
            isText ? _encoder.Terminator : _addsLineEnding ? "\r\n"u8 : holdsLast ? new ReadOnlySpan<byte>(in _lastOctet) : default, output);
        _trace?.LogContent(length);
        return true;
    }

    /// <summary>Sends content of unknown length as chunks; goes on where it was left when the server has answered some.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WriteChunksAsync(SmtpMessage message, PipeWriter output)
    {
        HasReadContent |= !message.Content.IsReplayable;
        _source ??= message.Content.Open(FlushLength, _transport.Token);
        while (_session.CanSendChunk)
        {
            ReadResult read = await ReadContentAsync(FlushLength).ConfigureAwait(false);
            ReadOnlySequence<byte> chunk = read.Buffer;
            _trace?.SetOutput(output);
            _session.BeginChunk(chunk.Length, read.IsCompleted, (IBufferWriter<byte>?)_trace ?? output);
            _trace?.LogSent();
            foreach (ReadOnlyMemory<byte> memory in chunk)
            {
                output.Write(memory.Span);
            }

            _source.Reader.AdvanceTo(chunk.End);
            _trace?.LogContent(chunk.Length);
            if (read.IsCompleted)
            {
                _session.CompleteBody(default, output);
                return true;
            }

            if (!await SendBlockAsync(default, output).ConfigureAwait(false))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Sends what was collected and one block more, while a reply that comes early is looked out for.</summary>
    /// <returns>Whether to go on; if not, the server has spoken or is gone.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendBlockAsync(ReadOnlyMemory<byte> block, PipeWriter output)
    {
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
            await output.WriteAsync(block, _transport.Token).ConfigureAwait(false);
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

        return !_reading.IsCompleted;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadContentAsync(int minimum)
    {
        // The content's source may take its time; the server's deadline is the server's.
        _transport.ClearDeadline();
        _isReadingContent = true;
        ReadResult read = minimum == 0
            ? await _source!.Reader.ReadAsync(_transport.Token).ConfigureAwait(false)
            : await _source!.Reader.ReadAtLeastAsync(minimum, _transport.Token).ConfigureAwait(false);
        if (read.IsCanceled)
        {
            throw new OperationCanceledException("Reading the content was cancelled by its owner.");
        }

        _isReadingContent = false;
        return read;
    }

    /// <summary>Lets a content's source go.</summary>
    private ValueTask EndBodyAsync()
    {
        if (_source is not { } source)
        {
            return ValueTask.CompletedTask;
        }

        _source = null;
        return source.CloseAsync();
    }

    /// <summary>Takes the next piece to send off the content: encoded, or as it is.</summary>
    private bool TryTake(ref ReadOnlySequence<byte> content, bool isText, out ReadOnlyMemory<byte> chunk)
    {
        if (isText)
        {
            return _encoder.Read(ref content, out chunk) == BodyStatus.Chunk;
        }

        // A sequence may have empty pieces, and a slice of no octets stays at them.
        SequencePosition next = content.Start;
        while (content.TryGet(ref next, out chunk) && chunk.IsEmpty)
        {
        }

        content = content.Slice(chunk.Length);
        return !chunk.IsEmpty;
    }

    /// <summary>
    /// Says what the content is, as far as it can be known before it is sent. Content in memory is looked through; what it turns out to be
    /// counts for more than what the envelope says.
    /// </summary>
    private OutgoingBody Classify(SmtpMessage message, out SendRefusal refusal)
    {
        refusal = SendRefusal.None;
        MessageContent content = message.Content;
        long size = content.Length ?? -1;
        BodyType? said = message.Envelope.Body;
        _addsLineEnding = false;
        _isEightBit = false;
        if (said == BodyType.BinaryMime)
        {
            return new OutgoingBody(BodyType.BinaryMime, size, size);
        }

        if (!content.IsMemory)
        {
            BodyType declared = said ?? (Peer.Offers(SmtpExtensions.EightBitMime) ? BodyType.EightBitMime : BodyType.SevenBit);
            _isEightBit = declared == BodyType.EightBitMime;
            return new OutgoingBody(declared, size);
        }

        _isEightBit = !IsAscii(content.Memory);
        BodyType type = _isEightBit ? BodyType.EightBitMime : BodyType.SevenBit;
        bool hasUtf8Header = _isEightBit && _options.DetectUtf8Headers && HeaderEncoding.HasUtf8(content.Memory);

        // BDAT sends octets as they are: only content that DATA would not change can go that way. Where it saves no round trip, the look is
        // saved too.
        bool mayChunk = _options.UseChunking
            && Peer.Offers(SmtpExtensions.Chunking)
            && (size <= ClientSession.WindowLength || !Peer.Offers(SmtpExtensions.Pipelining));
        if ((mayChunk || _options.BareLineEndings == BareLineEndingPolicy.Reject) && HasBareLineEnding(content.Memory))
        {
            refusal = _options.BareLineEndings == BareLineEndingPolicy.Reject ? SendRefusal.BareLineEnding : SendRefusal.None;
            mayChunk = false;
        }

        if (!mayChunk)
        {
            return new OutgoingBody(type, size, HasUtf8Header: hasUtf8Header);
        }

        // A text's last line ends with CRLF too (RFC 3030 §3), as the encoder of DATA sees to.
        _addsLineEnding = _encoder.Terminator.Length > 3;
        return new OutgoingBody(type, size, size + (_addsLineEnding ? 2 : 0), hasUtf8Header);
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

    /// <summary>Looks through content; the encoder then stands at its end.</summary>
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

    private static InvalidOperationException WrongLength(MessageContent content, long length) =>
        new($"The content has {(length > content.Length ? "at least " : string.Empty)}{length} octets, and not {content.Length} as announced.");
}
