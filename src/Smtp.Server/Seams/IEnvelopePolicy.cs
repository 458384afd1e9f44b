using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Decides who may send what to whom. Each check answers with the reply itself: <c>default</c> has no objection, which is said in the standard words, a 4yz or 5yz
/// refuses, a 421 also closes the connection.
/// </summary>
/// <remarks>
/// Implement only what you need; everything is accepted by default. What is passed in is valid until the returned task completes. An exception
/// is logged and answered 451 4.3.0, without its text. The token fires when the connection is gone or the server stops for good.
/// One instance serves all sessions at once.
/// </remarks>
public interface IEnvelopePolicy
{
    /// <summary>Before the greeting. A refusal with 554 lets the client QUIT, 421 and 521 close at once (RFC 5321 §3.1, RFC 7504).</summary>
    ValueTask<SmtpReply> CheckClientAsync(SmtpSessionContext session, CancellationToken cancellationToken) => default;

    /// <summary>At EHLO or HELO, the name in <see cref="SmtpSessionContext.HelloName"/>. RFC 5321 §4.1.4 warns against refusing by name alone.</summary>
    ValueTask<SmtpReply> CheckHelloAsync(SmtpSessionContext session, CancellationToken cancellationToken) => default;

    /// <summary>At MAIL; the envelope has its sender and parameters.</summary>
    ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) => default;

    /// <summary>At RCPT; the recipient is not yet among those of the envelope.</summary>
    ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken) => default;

    /// <summary>At DATA or the first BDAT, before the sink is asked: the envelope is complete.</summary>
    ValueTask<SmtpReply> CheckDataAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) => default;
}
