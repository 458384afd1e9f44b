using MimeKit;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.MimeKit;

/// <summary>
/// Hands each message over as a <see cref="MimeMessage"/>. It is parsed while it arrives; what MimeKit makes of it is held in memory.
/// </summary>
public sealed class MimeMessageSink : IMessageSink
{
    private static readonly SmtpReply NoMessage = SmtpReply.Create(550, new EnhancedStatus(5, 6, 0), "Message refused: its header cannot be read");

    private readonly StreamMessageSink _inner;

    /// <summary>Takes a delegate.</summary>
    /// <param name="onMessage">
    /// Gets the session, the envelope and the message; all are valid until the returned task completes, and the message is disposed then. Its reply is the answer:
    /// <see cref="Replies.MessageAccepted"/>, which says 250, only when the message can no longer be lost. A message that MimeKit cannot read is answered
    /// 550 5.6.0.
    /// </param>
    public MimeMessageSink(Func<SmtpSessionContext, Envelope, MimeMessage, CancellationToken, ValueTask<SmtpReply>> onMessage)
    {
        ArgumentNullException.ThrowIfNull(onMessage);
        _inner = new StreamMessageSink(async (session, envelope, content, cancellationToken) =>
        {
            MimeMessage message;
            try
            {
                message = await MimeMessage.LoadAsync(content, cancellationToken).ConfigureAwait(false);
            }
            catch (FormatException)
            {
                return NoMessage;
            }

            using (message)
            {
                return await onMessage(session, envelope, message, cancellationToken).ConfigureAwait(false);
            }
        })
        {
            SupportedExtensions = SmtpExtensions.SmtpUtf8 | SmtpExtensions.BinaryMime,
        };
    }

    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions => _inner.SupportedExtensions;

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        _inner.OpenAsync(session, envelope, cancellationToken);
}
