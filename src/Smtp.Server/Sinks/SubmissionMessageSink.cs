using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Completes new messages on their way to another sink: a Date (RFC 6409 §8.2) and a Message-ID (§8.3) that a message lacks are added at the end of its header.
/// Listeners of <see cref="SmtpListenerRole.Submission"/> do it by themselves; this is for ports that serve users and servers alike.
/// </summary>
/// <param name="inner">Where messages go.</param>
/// <param name="hostName">What stands behind the at-sign of a Message-ID.</param>
/// <param name="appliesTo">Whose messages are new ones; null for those of authenticated clients.</param>
/// <param name="timeProvider">The clock of Date; null for the system's.</param>
public sealed class SubmissionMessageSink(
    IMessageSink inner, string hostName, Func<SmtpSessionContext, bool>? appliesTo = null, TimeProvider? timeProvider = null) : IMessageSink
{
    /// <summary>What the other sink can honour.</summary>
    public SmtpExtensions SupportedExtensions => inner.SupportedExtensions;

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        bool applies = appliesTo is null ? session.Identity is not null : appliesTo(session);
        return applies ? OpenSubmissionAsync(session, envelope, cancellationToken) : inner.OpenAsync(session, envelope, cancellationToken);
    }

    private async ValueTask<MessageOpening> OpenSubmissionAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        MessageOpening opening = await inner.OpenAsync(session, envelope, cancellationToken).ConfigureAwait(false);
        return opening.Writer is null
            ? opening
            : MessageOpening.Accept(new SubmissionWriter(opening.Writer, hostName, (timeProvider ?? TimeProvider.System).GetUtcNow()));
    }
}
