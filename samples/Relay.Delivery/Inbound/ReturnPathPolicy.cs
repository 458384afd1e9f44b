using Smtp.Core;
using Smtp.Server;

namespace Relay.Delivery;

/// <summary>
/// Lets everybody send to return paths that this relay made, and to nothing else: that is no relaying, as the mail ends here. Everything else is asked of the
/// policy behind it.
/// </summary>
public sealed class ReturnPathPolicy(InboundReports reports, IEnvelopePolicy others) : IEnvelopePolicy
{
    private static readonly SmtpReply Unknown = SmtpReply.Create(550, new EnhancedStatus(5, 1, 1), "No such return path");
    private static readonly SmtpReply Apart = SmtpReply.Create(452, new EnhancedStatus(4, 5, 3), "Return paths and other recipients go in transactions of their own");

    /// <inheritdoc/>
    public async ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        SmtpReply reply = await others.CheckSenderAsync(session, envelope, cancellationToken).ConfigureAwait(false);

        // Who has to authenticate to relay is told so at RCPT: it may be a report.
        return reply.Code == 530 && reports.IsOn ? default : reply;
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        bool isOurs = reports.IsOurs(recipient.ForwardPath);
        if (isOurs && !reports.IsGenuine(recipient.ForwardPath))
        {
            return ValueTask.FromResult(Unknown);
        }

        if (envelope.RecipientCount > 0 && reports.IsOurs(envelope[0].ForwardPath) != isOurs)
        {
            return ValueTask.FromResult(Apart);
        }

        return isOurs ? default : others.CheckRecipientAsync(session, envelope, recipient, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckClientAsync(SmtpSessionContext session, CancellationToken cancellationToken) => others.CheckClientAsync(session, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckHelloAsync(SmtpSessionContext session, CancellationToken cancellationToken) => others.CheckHelloAsync(session, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckDataAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        others.CheckDataAsync(session, envelope, cancellationToken);
}
