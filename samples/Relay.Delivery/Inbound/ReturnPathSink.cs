using Smtp.Core;
using Smtp.Server;

namespace Relay.Delivery;

/// <summary>Takes what comes to return paths, and hands everything else on. <see cref="ReturnPathPolicy"/> lets nothing forged come here.</summary>
public sealed class ReturnPathSink(InboundReports reports, IMessageSink others) : IMessageSink
{
    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions => others.SupportedExtensions;

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.RecipientCount == 0 || !reports.IsOurs(envelope[0].ForwardPath))
        {
            return others.OpenAsync(session, envelope, cancellationToken);
        }

        string[] addresses = new string[envelope.RecipientCount];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = envelope[i].ForwardPath.ToString();
        }

        return ValueTask.FromResult(MessageOpening.Accept(new ReportWriter(reports, addresses, envelope.ReversePath.ToString().Length == 0)));
    }
}
