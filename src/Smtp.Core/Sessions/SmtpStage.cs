namespace Smtp.Core;

/// <summary>Where a client stands in a session; also what a failure or a refusal names. In the order in which a session passes them.</summary>
public enum SmtpStage : byte
{
    /// <summary>Nothing was sent: the client itself decided.</summary>
    None,

    /// <summary>Name lookup and TCP connection.</summary>
    Connect,

    /// <summary>Waiting for the server's greeting (RFC 5321 §3.1).</summary>
    Greeting,

    /// <summary>EHLO, HELO or LHLO.</summary>
    Hello,

    /// <summary>STARTTLS.</summary>
    StartTls,

    /// <summary>The TLS handshake.</summary>
    TlsHandshake,

    /// <summary>AUTH and its challenges.</summary>
    Authenticate,

    /// <summary>RSET.</summary>
    Reset,

    /// <summary>MAIL.</summary>
    Mail,

    /// <summary>RCPT.</summary>
    Recipient,

    /// <summary>DATA, up to its 354.</summary>
    Data,

    /// <summary>The body, up to the end of data; also the reply to a BDAT that is not the last.</summary>
    Body,

    /// <summary>Waiting for the reply to the end of data: from here on the server may have taken the message.</summary>
    FinalReply,

    /// <summary>NOOP.</summary>
    Noop,

    /// <summary>QUIT.</summary>
    Quit,
}
