using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Http;

/// <summary>
/// Holds who authenticated with a key to the key's sender domains and to its rate, in MAIL already: a message by SMTP counts as a request. Everything else is asked
/// of the policy behind it.
/// </summary>
internal sealed class KeyPolicy(KeyStore keys, KeyRates rates, IEnvelopePolicy others) : IEnvelopePolicy
{
    private static readonly SmtpReply NotItsDomain = SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "This key may not send from this domain");

    // 451 and not 450, which RFC 5321 section 4.3.2 does not have for MAIL. The session may go on.
    private static readonly SmtpReply RateUsedUp = SmtpReply.Create(451, new EnhancedStatus(4, 7, 1), "This key's rate is used up, try again later");

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        if (session.Identity is not { } identity || keys.Find(identity) is not { } key)
        {
            return others.CheckSenderAsync(session, envelope, cancellationToken);
        }

        if (key.SenderDomains.Count > 0 && !key.MaySendFrom(AddressReader.Domain(Encoding.UTF8.GetString(envelope.ReversePath.Domain)) ?? string.Empty))
        {
            return ValueTask.FromResult(NotItsDomain);
        }

        if (rates.Take(key) is not null)
        {
            return ValueTask.FromResult(RateUsedUp);
        }

        return others.CheckSenderAsync(session, envelope, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken) =>
        others.CheckRecipientAsync(session, envelope, recipient, cancellationToken);
}
