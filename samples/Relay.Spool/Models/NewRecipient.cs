using Smtp.Core;

namespace Relay.Spool;

/// <summary>A recipient of a message to take.</summary>
/// <param name="ForwardPath">The mailbox, <c>local-part@domain</c>.</param>
/// <param name="Destination">Its domain: lower-case A-label, or address literal; see <see cref="DestinationName.Of"/>.</param>
/// <param name="Notify">RCPT's NOTIFY (RFC 3461 §4.1).</param>
/// <param name="OriginalRecipient">ORCPT as written, <c>addr-type ";" xtext</c> (RFC 3461 §4.2); empty if not given.</param>
public sealed record NewRecipient(string ForwardPath, string Destination, DsnNotify Notify = DsnNotify.Unspecified, string OriginalRecipient = "")
{
    /// <summary>A recipient without DSN wishes.</summary>
    public static NewRecipient Of(string forwardPath) => new(forwardPath, DestinationName.Of(forwardPath));
}
