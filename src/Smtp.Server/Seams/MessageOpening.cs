using Smtp.Core;

namespace Smtp.Server;

/// <summary>A sink's answer to a new message: a writer for it, or a refusal.</summary>
public readonly struct MessageOpening
{
    private MessageOpening(IMessageWriter? writer, SmtpReply refusal)
    {
        Writer = writer;
        Refusal = refusal;
    }

    /// <summary>Where the body is to go; null if refused.</summary>
    public IMessageWriter? Writer { get; }

    /// <summary>The reply to DATA if refused.</summary>
    public SmtpReply Refusal { get; }

    /// <summary>Takes the message.</summary>
    public static MessageOpening Accept(IMessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        return new MessageOpening(writer, default);
    }

    /// <summary>Refuses the message before its body is sent.</summary>
    /// <param name="reply">A 4yz or 5yz.</param>
    public static MessageOpening Refuse(SmtpReply reply) =>
        reply.IsPositive ? throw new ArgumentException("A refusal is 4yz or 5yz.", nameof(reply)) : new MessageOpening(null, reply);
}
