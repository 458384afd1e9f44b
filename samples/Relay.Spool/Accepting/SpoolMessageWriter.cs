using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Spool;

/// <summary>Takes one submission.</summary>
internal sealed class SpoolMessageWriter : IMessageWriter
{
    private static readonly SmtpReply Loop = SmtpReply.Create(554, new EnhancedStatus(5, 4, 6), "Too many Received fields: the message goes in a circle");
    private static readonly SmtpReply HeaderTooLong = SmtpReply.Create(552, new EnhancedStatus(5, 3, 4), "The message's header is too long");

    private readonly SqliteSpool _spool;
    private readonly SpoolSinkOptions _options;
    private readonly int _maximumInline;
    private readonly ILogger _logger;
    private readonly SmtpSessionContext _session;
    private readonly Envelope _envelope;
    private readonly MessageId _id;
    private readonly ArrayBufferWriter<byte> _rewritten = new();
    private MessageFacts _facts;
    private byte[] _buffer;
    private readonly int _headerStart;
    private int _used;
    private LineEndingCheck _lineEndings;
    private BodyFileWriter? _file;

    // Said at the end, when the rest has been read and dropped (RFC 5321 §4.2.5).
    private SmtpReply _refusal;

    internal SpoolMessageWriter(SqliteSpool spool, SpoolSinkOptions options, int maximumInline, ILogger logger, SmtpSessionContext session, Envelope envelope)
    {
        _spool = spool;
        _options = options;
        _maximumInline = maximumInline;
        _logger = logger;
        _session = session;
        _envelope = envelope;
        _id = spool.NewId();
        _facts = FactsOf(session, envelope);
        byte[] received = ReceivedField.Create(session, envelope, options.HostName, _id.ToString(), spool.Clock.GetUtcNow());
        int expected = (int)Math.Clamp(envelope.DeclaredSize, 4096, maximumInline);
        _buffer = ArrayPool<byte>.Shared.Rent(received.Length + expected);
        received.CopyTo(_buffer, 0);
        _used = _headerStart = received.Length;
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        if (!_refusal.IsNone)
        {
            return default;
        }

        _lineEndings.Inspect(chunk.Span);
        if (_lineEndings.SawBare)
        {
            _refusal = Replies.BareLineEndingInBody;
            return default;
        }

        if (_file is not null)
        {
            return AppendAsync(chunk, cancellationToken);
        }

        if (_used + chunk.Length - _headerStart <= _maximumInline)
        {
            Gather(chunk.Span);
            return default;
        }

        return SpillAsync(chunk, cancellationToken);
    }

    /// <summary>
    /// (1) Ends the file, if the message is large; else reads the header, which a large message's first part has had read. (2) Enqueues. (3) The file stays.
    /// Whatever fails, nothing is left.
    /// </summary>
    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            // (1)
            NewContent content = default;
            _lineEndings.End();
            if (_lineEndings.SawBare)
            {
                _refusal = Replies.BareLineEndingInBody;
            }

            if (_refusal.IsNone && _file is null && ReadHeader(isWhole: true))
            {
                content = NewContent.FromMemory(_buffer.AsMemory(0, _used));
            }

            if (!_refusal.IsNone)
            {
                return _refusal;
            }

            if (_file is not null)
            {
                content = await _file.FinishAsync(cancellationToken).ConfigureAwait(false);
            }

            // (2)
            NewMessage message = Message(content);
            await _spool.EnqueueAsync(message, CancellationToken.None).ConfigureAwait(false);

            // (3)
            _file?.Keep();
            SpoolLog.Queued(_logger, _id, _facts.ReversePath, message.Recipients.Count, content.Length);
            return SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), $"{_id} queued");
        }
        catch (SpoolException error)
        {
            return Refused(SpoolSink.ReplyOf(error), error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Refused(SpoolSink.ReplyOf(SqliteSpool.FileFailure(error)), error);
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask AbortAsync() => EndAsync();

    private static MessageFacts FactsOf(SmtpSessionContext session, Envelope envelope) => new()
    {
        ReversePath = envelope.ReversePath.ToString(),
        Body = envelope.Body,
        SmtpUtf8 = envelope.SmtpUtf8,
        RequireTls = envelope.RequireTls,
        Return = envelope.Return,
        EnvelopeId = envelope.EnvelopeId.IsEmpty ? string.Empty : Encoding.UTF8.GetString(envelope.EnvelopeId.Span),
        Credential = session.Identity,
    };

    private NewMessage Message(NewContent content)
    {
        var recipients = new NewRecipient[_envelope.RecipientCount];
        for (int i = 0; i < recipients.Length; i++)
        {
            EnvelopeRecipient recipient = _envelope[i];
            recipients[i] = new NewRecipient(
                recipient.ForwardPath.ToString(),
                DestinationName.OfDomain(Encoding.UTF8.GetString(recipient.ForwardPath.Domain)),
                recipient.Notify,
                recipient.OriginalRecipient.IsEmpty ? string.Empty : Encoding.UTF8.GetString(recipient.OriginalRecipient.Span));
        }

        return new NewMessage { Id = _id, Facts = _facts, Recipients = recipients, Content = content };
    }

    private void Gather(ReadOnlySpan<byte> chunk)
    {
        if (_buffer.Length - _used < chunk.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_used + chunk.Length, Math.Min(_buffer.Length * 2, _headerStart + _maximumInline)));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        chunk.CopyTo(_buffer.AsSpan(_used));
        _used += chunk.Length;
    }

    /// <summary>What was gathered has become too much: it goes to a file, its header read first.</summary>
    private async ValueTask SpillAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        // The header's end may lie in this piece.
        int taken = Math.Min(chunk.Length, _maximumInline - (_used - _headerStart));
        Gather(chunk.Span[..taken]);
        if (!ReadHeader(isWhole: false))
        {
            return;
        }

        try
        {
            _file = _spool.CreateBodyFile(_id);
            await _file.WriteAsync(_buffer.AsMemory(0, _used), cancellationToken).ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
        catch (SpoolException error)
        {
            _refusal = Refused(SpoolSink.ReplyOf(error), error);
            return;
        }
        catch (IOException error)
        {
            _refusal = Refused(SpoolSink.ReplyOf(SqliteSpool.FileFailure(error)), error);
            return;
        }

        await AppendAsync(chunk[taken..], cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask AppendAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        try
        {
            await _file!.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            // The rest is read and dropped: an exception would end in 451, and a full disk is 452.
            _refusal = Refused(SpoolSink.ReplyOf(SqliteSpool.FileFailure(error)), error);
        }
    }

    /// <summary>Reads the header, and puts the rewritten one in its place. False if the message is refused.</summary>
    /// <param name="isWhole">Whether the whole message is there: then a header without an empty line is one.</param>
    private bool ReadHeader(bool isWhole)
    {
        Span<byte> content = _buffer.AsSpan(_headerStart, _used - _headerStart);
        int length = HeaderFacts.FindEnd(content);
        if (length < 0)
        {
            if (!isWhole)
            {
                _refusal = HeaderTooLong;
                return false;
            }

            length = content.Length;
        }

        HeaderFacts header = HeaderFacts.Read(content[..length]);
        if (header.ReceivedFields > _options.MaximumReceivedFields)
        {
            _refusal = Loop;
            return false;
        }

        string domain = HeaderFacts.DomainOf(header.From);
        _facts = _facts with
        {
            From = header.From,
            Subject = header.Subject,
            SenderDomain = domain.Length > 0 ? domain : HeaderFacts.DomainOf(_facts.ReversePath),
        };
        if (_options.Filter is { } filter)
        {
            _refusal = filter.Apply(_session, _id, content[..length], _rewritten, ref _facts);
            if (_refusal.IsNone && _rewritten.WrittenCount > 0)
            {
                ReplaceHeader(length);
            }
        }

        return _refusal.IsNone;
    }

    private void ReplaceHeader(int length)
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_headerStart + length, _used - _headerStart - length);
        byte[] whole = ArrayPool<byte>.Shared.Rent(_headerStart + _rewritten.WrittenCount + rest.Length);
        _buffer.AsSpan(0, _headerStart).CopyTo(whole);
        _rewritten.WrittenSpan.CopyTo(whole.AsSpan(_headerStart));
        rest.CopyTo(whole.AsSpan(_headerStart + _rewritten.WrittenCount));
        _used = _headerStart + _rewritten.WrittenCount + rest.Length;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = whole;
    }

    private SmtpReply Refused(SmtpReply reply, Exception error)
    {
        SpoolLog.NotStored(_logger, _id, _facts.ReversePath, reply.Code, error.Message);
        return reply;
    }

    private async ValueTask EndAsync()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        if (_file is not null)
        {
            await _file.DisposeAsync().ConfigureAwait(false);
        }
    }
}
