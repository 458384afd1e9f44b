namespace Smtp.Testing;

/// <summary>Where in a session a <see cref="SmtpTestRule"/> acts, each before the reply is sent.</summary>
public enum SmtpTestStep
{
    /// <summary>The client has connected and waits for the greeting.</summary>
    Connect,

    /// <summary>EHLO or HELO.</summary>
    Hello,

    /// <summary>STARTTLS. Only <see cref="SmtpTestRule.Drop"/> acts here.</summary>
    StartTls,

    /// <summary>AUTH, when the credentials are there.</summary>
    Authenticate,

    /// <summary>MAIL.</summary>
    Sender,

    /// <summary>RCPT, once for each recipient.</summary>
    Recipient,

    /// <summary>DATA or the first BDAT: the envelope is complete, the body has not come.</summary>
    Data,

    /// <summary>The first piece of the body has come. A refusal is said at the body's end.</summary>
    Body,

    /// <summary>The end of the body, before the message is kept: what is refused or dropped here is not among the messages.</summary>
    Commit,

    /// <summary>
    /// The message is kept, and its 250 not sent: a connection that is dropped here leaves the client not knowing (RFC 1047). A refusal does not act here.
    /// </summary>
    Committed,

    /// <summary>QUIT. Only <see cref="SmtpTestRule.Drop"/> acts here.</summary>
    Quit,
}
