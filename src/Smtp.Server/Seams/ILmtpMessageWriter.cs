using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// An optional ability of an <see cref="IMessageWriter"/> behind an LMTP listener: a verdict for each recipient (RFC 2033 §4.2). Without it, all have
/// the one of <see cref="IMessageWriter.CommitAsync"/>.
/// </summary>
public interface ILmtpMessageWriter : IMessageWriter
{
    /// <summary>Makes the message safe for each recipient. Called in place of <see cref="IMessageWriter.CommitAsync"/>.</summary>
    /// <param name="replies">One for each of the envelope's recipients, in their order. All are <c>default</c> at first and each must be set; if one is not, all are 451.</param>
    /// <param name="cancellationToken">Fires when the server stops for good.</param>
    ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken);
}
