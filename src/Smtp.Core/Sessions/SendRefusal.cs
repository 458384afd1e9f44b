namespace Smtp.Core;

/// <summary>Why the client itself refused to send a message, or to send it to a recipient.</summary>
public enum SendRefusal : byte
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>A path or the header needs SMTPUTF8, or the message says so, and the server lacks it (RFC 6531 §3.2): 5.6.7.</summary>
    NeedsSmtpUtf8,

    /// <summary>The content has octets over 127 and the server lacks 8BITMIME (RFC 6152 §3): 5.6.3.</summary>
    NeedsEightBitMime,

    /// <summary>The content is BODY=BINARYMIME and the server lacks BINARYMIME or CHUNKING (RFC 3030 §3): 5.6.3.</summary>
    NeedsBinaryMime,

    /// <summary>The message asks for REQUIRETLS, and the connection has no TLS or the server does not offer it (RFC 8689 §4.2): 5.7.30.</summary>
    NeedsRequireTls,

    /// <summary>The message is over the server's SIZE limit (RFC 1870 §6.1): 5.3.4.</summary>
    TooLarge,

    /// <summary>The content has a CR or LF that is not part of a CRLF, and the caller wants such content refused: 5.6.0.</summary>
    BareLineEnding,

    /// <summary>The recipient is beyond the server's LIMITS RCPTMAX (RFC 9422 §4.2): 4.5.3. To be sent in a transaction of its own.</summary>
    TooManyRecipients,

    /// <summary>
    /// The recipient's domain is beyond the server's LIMITS RCPTDOMAINMAX (RFC 9422 §4.3): 4.5.3. To be sent over another connection.
    /// </summary>
    TooManyRecipientDomains,

    /// <summary>The connection has brought as many messages as the server's LIMITS MAILMAX allows (RFC 9422 §4.1): 4.5.3. To be sent over another.</summary>
    TooManyMessages,
}
