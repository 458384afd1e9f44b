using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Http;

/// <summary>Holds who authenticated with a key to the key's sender domains, in MAIL already. Everything else is asked of the policy behind it.</summary>
internal sealed class KeyPolicy(KeyStore keys, IEnvelopePolicy others) : IEnvelopePolicy
{
    private static readonly SmtpReply NotItsDomain = SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "This key may not send from this domain");

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        if (session.Identity is { } identity && keys.Find(identity) is { SenderDomains.Count: > 0 } key
            && !key.MaySendFrom(AddressReader.Domain(Encoding.UTF8.GetString(envelope.ReversePath.Domain)) ?? string.Empty))
        {
            return ValueTask.FromResult(NotItsDomain);
        }

        return others.CheckSenderAsync(session, envelope, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken) =>
        others.CheckRecipientAsync(session, envelope, recipient, cancellationToken);
}
