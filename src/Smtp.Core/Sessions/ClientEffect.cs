namespace Smtp.Core;

/// <summary>What <see cref="ClientSession.Advance"/> cannot do itself.</summary>
public enum ClientEffect : byte
{
    /// <summary>Send what was written, then read more and call again with the octets that were left.</summary>
    NeedInput,

    /// <summary>
    /// The body of the transaction that was begun last is due: send the content as <see cref="ClientSession.Framing"/> says, call
    /// <see cref="ClientSession.CompleteBody"/>, go on.
    /// </summary>
    SendBody,

    /// <summary>Run the TLS handshake on the connection, call <see cref="ClientSession.CompleteTls"/> and say EHLO again.</summary>
    UpgradeTls,

    /// <summary>
    /// One transaction is done, and the one that was begun behind its body goes on: see <see cref="ClientSession.TryBeginNextTransaction"/>.
    /// </summary>
    TransactionCompleted,

    /// <summary>The operation is done; of a transaction, the report says how.</summary>
    Completed,

    /// <summary>The server refused the operation; <see cref="ClientSession.LastReply"/> says how. The session may go on.</summary>
    Refused,

    /// <summary>The server ends the session: it said 421, or answered QUIT. <see cref="ClientSession.LastReply"/> has its words. Close.</summary>
    Closing,

    /// <summary>The server broke the protocol: see <see cref="ClientSession.Violation"/>. Close.</summary>
    Violation,
}
