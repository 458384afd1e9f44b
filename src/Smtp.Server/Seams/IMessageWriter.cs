using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Takes one message's body, piece by piece, as it arrives: content as the author wrote it, without transparency's dots and with CRLF line
/// endings only (opaque octets with BDAT).
/// </summary>
/// <remarks>
/// Calls come one at a time. The next piece is not read from the network before the last call completed: that is the back-pressure. After the
/// last piece exactly one of <see cref="CommitAsync"/> and <see cref="AbortAsync"/> is called, and it is the last call, so a writer may be reused
/// afterwards.
/// </remarks>
public interface IMessageWriter
{
    /// <summary>Takes a piece.</summary>
    /// <param name="chunk">Not empty; valid until the returned task completes.</param>
    /// <param name="cancellationToken">Fires when the connection is gone or the server stops for good.</param>
    /// <remarks>An exception ends the message: <see cref="AbortAsync"/> follows, the rest is dropped, and the client gets 451 4.3.0.</remarks>
    ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the message safe. A positive reply is a promise (RFC 5321 §6.1): return one, <see cref="Replies.MessageAccepted"/> or your own, only when
    /// the message can no longer be lost. <c>default</c> promises nothing: it is logged and answered 451 4.3.0, as an exception is.
    /// </summary>
    /// <param name="cancellationToken">Fires when the server stops for good; not when the connection is gone, as the message is complete.</param>
    /// <remarks>A 4yz, a 5yz or an exception says that the message is not taken; no abort follows.</remarks>
    ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken);

    /// <summary>Drops the message: it was too big, malformed or cut off, or a write failed. An exception is logged.</summary>
    ValueTask AbortAsync();
}
