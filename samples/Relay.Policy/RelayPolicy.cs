using System.Net;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Policy;

/// <summary>
/// Who may relay. With submission users configured: whoever authenticated as one of them, and nobody else, loopback neither, as on a machine with users the
/// local programs are the ones that need telling apart. Without users: loopback, and whoever proved another credential.
/// </summary>
/// <remarks>
/// Loopback is where the connection comes from, and nothing that a client says. Behind a proxy or a port forward on the same machine everybody comes from
/// loopback: configure users there.
/// </remarks>
public sealed class RelayPolicy : IEnvelopePolicy
{
    private readonly bool _hasUsers;

    /// <summary>Makes the policy.</summary>
    /// <param name="hasUsers">Whether submission users are configured.</param>
    public RelayPolicy(bool hasUsers) => _hasUsers = hasUsers;

    /// <summary>Decides whether a session may relay.</summary>
    /// <param name="remote">The client's address; null if unknown, which is not loopback.</param>
    /// <param name="identity">Who the client proved to be with AUTH, or null.</param>
    /// <returns><c>default</c> if it may; else 530 5.7.0 where AUTH would help, and 550 5.7.1 where nothing would.</returns>
    public SmtpReply Check(EndPoint? remote, string? identity)
    {
        if (_hasUsers)
        {
            return identity is null ? Replies.AuthenticationRequired : default;
        }

        // Without users of its own a host may still know credentials, such as API keys: who proved one may relay from everywhere.
        return identity is not null || IsLoopback(remote) ? default : Replies.RelayDenied;
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);

        // RFC 4954 §6 puts 530 at MAIL. A refusal of relaying is about where the mail is to go, and waits for RCPT.
        SmtpReply reply = Check(session.RemoteEndPoint, session.Identity);
        return ValueTask.FromResult(reply == Replies.RelayDenied ? default : reply);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return ValueTask.FromResult(Check(session.RemoteEndPoint, session.Identity));
    }

    private static bool IsLoopback(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: { } address })
        {
            return false;
        }

        // A dual-mode listener shows IPv4 clients as ::ffff:a.b.c.d, of which IsLoopback knows only 127.0.0.1.
        return IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
    }
}
