namespace Smtp.Core;

/// <summary>
/// The catalogue of what the engine says, word for word (RFC 5321 §4.2.2, §4.2.3; enhanced codes RFC 3463, RFC 5248).
/// </summary>
public static class Replies
{
    /// <summary>221 2.0.0: QUIT is done.</summary>
    public static readonly SmtpReply Bye = new("221 2.0.0 Bye\r\n"u8);

    /// <summary>250 2.0.0.</summary>
    public static readonly SmtpReply Ok = new("250 2.0.0 OK\r\n"u8);

    /// <summary>250 2.1.0: MAIL accepted.</summary>
    public static readonly SmtpReply SenderOk = new("250 2.1.0 Sender OK\r\n"u8);

    /// <summary>250 2.1.5: RCPT accepted.</summary>
    public static readonly SmtpReply RecipientOk = new("250 2.1.5 Recipient OK\r\n"u8);

    /// <summary>354: send the body.</summary>
    public static readonly SmtpReply StartMailInput = new("354 Start mail input; end with <CRLF>.<CRLF>\r\n"u8);

    /// <summary>250 2.0.0: the message is committed.</summary>
    public static readonly SmtpReply MessageAccepted = new("250 2.0.0 Message accepted\r\n"u8);

    /// <summary>250 2.0.0: a chunk that is not the last was received.</summary>
    public static readonly SmtpReply ChunkReceived = new("250 2.0.0 Chunk received\r\n"u8);

    /// <summary>220 2.0.0: the handshake may start (RFC 3207 §4).</summary>
    public static readonly SmtpReply ReadyForTls = new("220 2.0.0 Ready to start TLS\r\n"u8);

    /// <summary>235 2.7.0 (RFC 4954 §6).</summary>
    public static readonly SmtpReply AuthenticationSucceeded = new("235 2.7.0 Authentication successful\r\n"u8);

    /// <summary>252 2.5.0: the answer to every VRFY, which tells nothing (RFC 5321 §7.3).</summary>
    public static readonly SmtpReply CannotVerify = new("252 2.5.0 Cannot VRFY user, but will accept message and attempt delivery\r\n"u8);

    /// <summary>214 2.0.0.</summary>
    public static readonly SmtpReply Help = new(
        "214-2.0.0 Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\r\n214 2.0.0 See RFC 5321; more where EHLO offers it\r\n"u8);

    /// <summary>421 4.3.2: the server stops.</summary>
    public static readonly SmtpReply ShuttingDown = new("421 4.3.2 Service shutting down, closing connection\r\n"u8);

    /// <summary>421 4.4.2: the client was silent for too long.</summary>
    public static readonly SmtpReply TimedOut = new("421 4.4.2 Timeout, closing connection\r\n"u8);

    /// <summary>421 4.7.0: too many connections.</summary>
    public static readonly SmtpReply TooManyConnections = new("421 4.7.0 Too many connections, try again later\r\n"u8);

    /// <summary>421 4.7.0: too many errors in one session.</summary>
    public static readonly SmtpReply TooManyErrors = new("421 4.7.0 Too many errors, closing connection\r\n"u8);

    /// <summary>421 4.7.0: too many commands that bring no mail.</summary>
    public static readonly SmtpReply TooManyUnproductiveCommands = new("421 4.7.0 Too many commands without mail, closing connection\r\n"u8);

    /// <summary>421 4.7.0: the connection has brought as many messages as it may.</summary>
    public static readonly SmtpReply TooManyMessages = new("421 4.7.0 Too many messages in one connection, connect again\r\n"u8);

    /// <summary>451 4.3.0: something of ours failed; no text of an exception ever reaches a peer.</summary>
    public static readonly SmtpReply LocalError = new("451 4.3.0 Local error in processing, try again later\r\n"u8);

    /// <summary>452 4.5.3: too many recipients (RFC 5321 §4.5.3.1.10).</summary>
    public static readonly SmtpReply TooManyRecipients = new("452 4.5.3 Too many recipients\r\n"u8);

    /// <summary>454 4.7.0: TLS cannot be had now (RFC 3207 §4).</summary>
    public static readonly SmtpReply TlsNotAvailable = new("454 4.7.0 TLS not available due to temporary reason\r\n"u8);

    /// <summary>500 5.5.1.</summary>
    public static readonly SmtpReply UnknownCommand = new("500 5.5.1 Command not recognized\r\n"u8);

    /// <summary>500 5.5.2: a line over the limit.</summary>
    public static readonly SmtpReply LineTooLong = new("500 5.5.2 Line too long\r\n"u8);

    /// <summary>500 5.5.2: a CR or LF alone.</summary>
    public static readonly SmtpReply BareLineEnding = new("500 5.5.2 Lines must end with CRLF; a CR or LF stood alone\r\n"u8);

    /// <summary>501 5.5.4: an argument that breaks the grammar.</summary>
    public static readonly SmtpReply BadArguments = new("501 5.5.4 Syntax error in parameters or arguments\r\n"u8);

    /// <summary>501 5.5.4: an argument where there is none.</summary>
    public static readonly SmtpReply NoArgumentsAllowed = new("501 5.5.4 This command takes no arguments\r\n"u8);

    /// <summary>501 5.5.4: EHLO or HELO without a name.</summary>
    public static readonly SmtpReply BadHelloName = new("501 5.5.4 EHLO and HELO want a domain or an address literal\r\n"u8);

    /// <summary>501 5.1.7: the reverse-path breaks the grammar.</summary>
    public static readonly SmtpReply BadSenderSyntax = new("501 5.1.7 Bad sender address syntax; MAIL FROM:<local-part@domain>\r\n"u8);

    /// <summary>501 5.1.3: the forward-path breaks the grammar.</summary>
    public static readonly SmtpReply BadRecipientSyntax = new("501 5.1.3 Bad recipient address syntax; RCPT TO:<local-part@domain>\r\n"u8);

    /// <summary>553 5.1.8: the sender's domain is no fully qualified one, at submission (RFC 6409 §4.2).</summary>
    public static readonly SmtpReply UnqualifiedSender = new("553 5.1.8 The sender's domain must be fully qualified\r\n"u8);

    /// <summary>553 5.1.2: the recipient's domain is no fully qualified one, at submission (RFC 6409 §4.2).</summary>
    public static readonly SmtpReply UnqualifiedRecipient = new("553 5.1.2 The recipient's domain must be fully qualified\r\n"u8);

    /// <summary>502 5.5.1.</summary>
    public static readonly SmtpReply NotImplemented = new("502 5.5.1 Command not implemented\r\n"u8);

    /// <summary>503 5.5.1: EHLO or HELO has not come.</summary>
    public static readonly SmtpReply HelloFirst = new("503 5.5.1 Send EHLO or HELO first\r\n"u8);

    /// <summary>503 5.5.1: the greeting already said no (RFC 5321 §3.1).</summary>
    public static readonly SmtpReply ClientRefused = new("503 5.5.1 No service for this client; send QUIT\r\n"u8);

    /// <summary>503 5.5.1: MAIL has not come.</summary>
    public static readonly SmtpReply MailFirst = new("503 5.5.1 Send MAIL first\r\n"u8);

    /// <summary>503 5.5.1: LMTP's answer to DATA without a recipient (RFC 2033 §4.2).</summary>
    public static readonly SmtpReply LmtpNoValidRecipients = new("503 5.5.1 No valid recipients\r\n"u8);

    /// <summary>500 5.5.1: EHLO or HELO to LMTP, LHLO to SMTP (RFC 2033 §4.1).</summary>
    public static readonly SmtpReply WrongHello = new("500 5.5.1 Command not recognized here: LMTP has LHLO, SMTP has EHLO\r\n"u8);

    /// <summary>503 5.5.1: MAIL in a transaction.</summary>
    public static readonly SmtpReply NestedMail = new("503 5.5.1 A mail transaction is in progress; RSET ends it\r\n"u8);

    /// <summary>503 5.5.1: a command that a mail transaction has no place for.</summary>
    public static readonly SmtpReply NotInTransaction = new("503 5.5.1 Not allowed during a mail transaction\r\n"u8);

    /// <summary>554 5.5.1: no recipient was accepted (RFC 5321 §3.3, RFC 2920 §3.1).</summary>
    public static readonly SmtpReply NoValidRecipients = new("554 5.5.1 No valid recipients\r\n"u8);

    /// <summary>503 5.5.1: a second AUTH (RFC 4954 §4).</summary>
    public static readonly SmtpReply AlreadyAuthenticated = new("503 5.5.1 Already authenticated\r\n"u8);

    /// <summary>503 5.5.1: STARTTLS under TLS.</summary>
    public static readonly SmtpReply AlreadyTls = new("503 5.5.1 TLS is already active\r\n"u8);

    /// <summary>503 5.5.1: DATA between BDATs (RFC 3030 §2).</summary>
    public static readonly SmtpReply MixedDataAndBdat = new("503 5.5.1 DATA and BDAT cannot be mixed\r\n"u8);

    /// <summary>503 5.5.1: BODY=BINARYMIME wants BDAT (RFC 3030 §3).</summary>
    public static readonly SmtpReply BinaryNeedsBdat = new("503 5.5.1 BODY=BINARYMIME requires BDAT\r\n"u8);

    /// <summary>504 5.5.4 (RFC 4954 §4).</summary>
    public static readonly SmtpReply UnknownMechanism = new("504 5.5.4 Unrecognized authentication mechanism\r\n"u8);

    /// <summary>501 5.5.2: what is not base64, or no message of the mechanism (RFC 4954 §4).</summary>
    public static readonly SmtpReply BadAuthenticationData = new("501 5.5.2 Cannot decode authentication data\r\n"u8);

    /// <summary>501 5.7.0: the client sent "*" (RFC 4954 §4).</summary>
    public static readonly SmtpReply AuthenticationCanceled = new("501 5.7.0 Authentication canceled\r\n"u8);

    /// <summary>500 5.5.6 (RFC 4954 §4).</summary>
    public static readonly SmtpReply AuthenticationLineTooLong = new("500 5.5.6 Authentication exchange line is too long\r\n"u8);

    /// <summary>530 5.7.0: not without TLS (RFC 3207 §4).</summary>
    public static readonly SmtpReply MustStartTls = new("530 5.7.0 Must issue a STARTTLS command first\r\n"u8);

    /// <summary>530 5.7.0: not without AUTH (RFC 4954 §6).</summary>
    public static readonly SmtpReply AuthenticationRequired = new("530 5.7.0 Authentication required\r\n"u8);

    /// <summary>535 5.7.8: the same for an unknown user and a wrong password (RFC 4954 §6).</summary>
    public static readonly SmtpReply AuthenticationFailed = new("535 5.7.8 Authentication credentials invalid\r\n"u8);

    /// <summary>454 4.7.0: the authenticator could not answer (RFC 4954 §6).</summary>
    public static readonly SmtpReply AuthenticationUnavailable = new("454 4.7.0 Temporary authentication failure\r\n"u8);

    /// <summary>454 4.7.0: too many AUTH exchanges failed lately; these credentials were not looked at (RFC 4954 §6).</summary>
    public static readonly SmtpReply AuthenticationThrottled = new("454 4.7.0 Too many failed authentications, try again later\r\n"u8);

    /// <summary>538 5.7.11: a plaintext mechanism without TLS (RFC 4954 §6).</summary>
    public static readonly SmtpReply EncryptionRequired = new("538 5.7.11 Encryption required for requested authentication mechanism\r\n"u8);

    /// <summary>550 5.6.0: a CR or LF alone in the body; said when the body's real end was read.</summary>
    public static readonly SmtpReply BareLineEndingInBody = new("550 5.6.0 Message refused: a CR or LF stood alone\r\n"u8);

    /// <summary>550 5.6.0: a NUL in a text body.</summary>
    public static readonly SmtpReply NulInBody = new("550 5.6.0 Message refused: it has a NUL octet\r\n"u8);

    /// <summary>550 5.6.0: a line of a text body over the limit.</summary>
    public static readonly SmtpReply LongLineInBody = new("550 5.6.0 Message refused: it has a line of over 1000 octets\r\n"u8);

    /// <summary>554 5.5.0: a group of commands went on behind one that ends it (RFC 2920 §3.1).</summary>
    public static readonly SmtpReply ImproperPipelining = new("554 5.5.0 Improper use of pipelining, closing connection\r\n"u8);

    /// <summary>550 5.7.1: relaying is not for everybody.</summary>
    public static readonly SmtpReply RelayDenied = new("550 5.7.1 Relaying denied\r\n"u8);

    /// <summary>552 5.3.4: over the SIZE limit (RFC 1870 §6).</summary>
    public static readonly SmtpReply MessageTooBig = new("552 5.3.4 Message size exceeds fixed maximum message size\r\n"u8);

    /// <summary>553 5.6.7: an address of UTF-8 without SMTPUTF8 (RFC 6531 §3.5).</summary>
    public static readonly SmtpReply NeedsSmtpUtf8 = new("553 5.6.7 Non-ASCII addresses need the SMTPUTF8 parameter\r\n"u8);

    /// <summary>554 5.7.0: the first command was one of HTTP's; nothing behind it is read.</summary>
    public static readonly SmtpReply NotHttp = new("554 5.7.0 This is SMTP, not HTTP; closing connection\r\n"u8);

    /// <summary>555 5.5.4: a parameter that was not offered (RFC 5321 §4.1.1.11).</summary>
    public static readonly SmtpReply UnknownParameter = new("555 5.5.4 MAIL FROM/RCPT TO parameters not recognized or not implemented\r\n"u8);
}
