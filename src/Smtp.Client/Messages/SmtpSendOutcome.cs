namespace Smtp.Client;

/// <summary>What became of one of many messages.</summary>
/// <param name="Message">The message.</param>
/// <param name="Result">What is known of each recipient.</param>
/// <param name="Error">
/// Why the message could not be brought to the server, or not be brought to an end; <see langword="null"/> if the server has answered it.
/// An <see cref="ArgumentException"/> for a message that cannot be sent at all, an exception of its content's own, one of the two
/// <see cref="SmtpConnectionException"/>s, or an <see cref="OperationCanceledException"/> for one that was broken off.
/// </param>
public readonly record struct SmtpSendOutcome(SmtpMessage Message, SendResult Result, Exception? Error)
{
    /// <summary>Whether the server has taken the message for every recipient.</summary>
    public bool IsAccepted => Error is null && Result.IsAccepted;
}
