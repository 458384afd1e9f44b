using Smtp.Core;

namespace Relay.Http;

/// <summary>A message ready for the spool: nothing in it that SMTP would refuse.</summary>
/// <param name="ReversePath">The envelope's sender.</param>
/// <param name="Recipients">The envelope's recipients, each once.</param>
/// <param name="Content">The content: CRLF line endings, lines of at most 998 octets, all ASCII unless <paramref name="SmtpUtf8"/>.</param>
/// <param name="SmtpUtf8">Whether an address needs SMTPUTF8 (RFC 6531).</param>
/// <param name="From">The From field's text, for lists.</param>
/// <param name="Subject">The subject, for lists.</param>
/// <param name="SenderDomain">The domain of the From field.</param>
internal sealed record ComposedMessage(
    SmtpPath ReversePath,
    IReadOnlyList<SmtpPath> Recipients,
    byte[] Content,
    bool SmtpUtf8,
    string From,
    string Subject,
    string SenderDomain)
{
    /// <summary>Whether the content has octets above 127, so that it needs 8BITMIME.</summary>
    internal bool Is8Bit { get; init; }
}
