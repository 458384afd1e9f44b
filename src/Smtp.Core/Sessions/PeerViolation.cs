namespace Smtp.Core;

/// <summary>How a server broke the protocol. After any of these the session is over: what its replies belong to is no longer certain.</summary>
public enum PeerViolation : byte
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>A reply line does not start with three digits, 200 to 599, and then a space, a hyphen or the line's end (RFC 5321 §4.2).</summary>
    MalformedReply,

    /// <summary>A CR or LF stands alone in a reply line.</summary>
    BareLineEnding,

    /// <summary>A reply line is over <see cref="ReplyReader.MaximumLineLength"/>.</summary>
    LineTooLong,

    /// <summary>A reply has over <see cref="ReplyReader.MaximumLines"/> lines.</summary>
    TooManyLines,

    /// <summary>A reply has over <see cref="ReplyReader.MaximumLength"/> octets.</summary>
    ReplyTooLong,

    /// <summary>The lines of one reply have different codes (RFC 5321 §4.2.1).</summary>
    CodeMismatch,

    /// <summary>A reply that no command asked for, or one that came before its time.</summary>
    UnexpectedReply,

    /// <summary>A code that is no answer to the command, such as 354 to RCPT.</summary>
    UnexpectedCode,

    /// <summary>Octets stood behind the 220 to STARTTLS: somebody tries to have plaintext taken for what TLS protects.</summary>
    DataBehindStartTls,

    /// <summary>A SASL challenge is no base64 (RFC 4954 §4).</summary>
    MalformedChallenge,

    /// <summary>The server claimed success before the SASL mechanism was through, or had verified the server.</summary>
    ServerNotVerified,
}
