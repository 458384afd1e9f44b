using Microsoft.Extensions.Logging;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Spool;

/// <summary>
/// Takes submissions into the queue: 250 is said only when the commit that holds the message is on the disk, and its text names the id. Up to
/// <see cref="SpoolOptions.MaximumInlineContent"/> octets a message is gathered in memory; more goes to a file as it comes in, so that memory does not depend
/// on its size.
/// </summary>
public sealed class SpoolSink : IMessageSink
{
    /// <summary>452 4.3.1: the disk is full or read-only.</summary>
    public static readonly SmtpReply NoSpace = SmtpReply.Create(452, new EnhancedStatus(4, 3, 1), "Insufficient system storage, try again later");

    private readonly SqliteSpool _spool;
    private readonly SpoolSinkOptions _options;
    private readonly int _maximumInline;
    private readonly ILogger _logger;

    /// <summary>Makes a sink.</summary>
    /// <param name="spool">The queue.</param>
    /// <param name="options">How messages are taken.</param>
    /// <param name="logger">Where taken messages are told.</param>
    public SpoolSink(SqliteSpool spool, SpoolSinkOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(spool);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
        _spool = spool;
        _options = options;
        _maximumInline = spool.Options.MaximumInlineContent;
        _logger = logger;
    }

    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions => _options.SupportedExtensions;

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);

        // A message that is said to be large, and cannot fit, need not be sent first.
        if (envelope.DeclaredSize > _maximumInline && _spool.FreeSpace() is { } free && envelope.DeclaredSize > free)
        {
            return ValueTask.FromResult(MessageOpening.Refuse(NoSpace));
        }

        return ValueTask.FromResult(MessageOpening.Accept(new SpoolMessageWriter(_spool, _options, _maximumInline, _logger, session, envelope)));
    }

    /// <summary>What a failing store is to a submitter.</summary>
    internal static SmtpReply ReplyOf(SpoolException error) => error.Failure == SpoolFailure.NoSpace ? NoSpace : Replies.LocalError;
}
