namespace Smtp.Core;

/// <summary>What a <see cref="ServerSession"/> needs from the outside before it can go on.</summary>
public enum ServerEffect : byte
{
    /// <summary>All input is used: flush the output, read more, call <see cref="ServerSession.Advance"/>.</summary>
    NeedInput,

    /// <summary>Much output has piled up: flush it, call <see cref="ServerSession.Advance"/>.</summary>
    Flush,

    /// <summary>A client connected: decide on it, <see cref="ServerSession.Resume"/> with the greeting (<c>default</c>: the standard one).</summary>
    CheckClient,

    /// <summary>EHLO or HELO came: decide on <see cref="ServerSession.HelloName"/>, <see cref="ServerSession.Resume"/>.</summary>
    CheckHello,

    /// <summary>SASL credentials came: check <see cref="ServerSession.Credentials"/>, <see cref="ServerSession.ResumeAuthentication"/>.</summary>
    Authenticate,

    /// <summary>
    /// A SCRAM exchange wants the secret of <see cref="ServerSession.Credentials"/>' <see cref="SaslCredentials.AuthenticationIdentity"/>:
    /// <see cref="ServerSession.ResumeSecret"/>.
    /// </summary>
    LookUpSecret,

    /// <summary>MAIL came: decide on <see cref="Envelope.ReversePath"/>, <see cref="ServerSession.Resume"/>.</summary>
    CheckSender,

    /// <summary>RCPT came: decide on <see cref="ServerSession.Recipient"/>, <see cref="ServerSession.Resume"/>.</summary>
    CheckRecipient,

    /// <summary>DATA or a first BDAT came: make ready for a body, <see cref="ServerSession.Resume"/>; a refusal ends it before the body.</summary>
    OpenMessage,

    /// <summary>Write <see cref="ServerSession.BodyChunk"/>, then call <see cref="ServerSession.Advance"/>.</summary>
    WriteBody,

    /// <summary>The body is complete: commit it, <see cref="ServerSession.Resume"/>. Nothing positive is said before that.</summary>
    CommitMessage,

    /// <summary>Drop the open message, then call <see cref="ServerSession.Advance"/>.</summary>
    AbortMessage,

    /// <summary>
    /// Flush, shake hands over a stream without any octet read so far, <see cref="ServerSession.ResumeTls"/>; or close the connection.
    /// </summary>
    UpgradeTls,

    /// <summary>Flush and close the connection; drop the message that may still be open.</summary>
    Close,
}
