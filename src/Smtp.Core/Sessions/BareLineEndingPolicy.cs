namespace Smtp.Core;

/// <summary>
/// What becomes of a message with a CR or LF that is not part of a CRLF (RFC 5321 §2.3.8 forbids it): at a server of one that comes in by DATA, at a client of
/// one that is to go out. Neither lets it pass as it stands.
/// </summary>
public enum BareLineEndingPolicy : byte
{
    /// <summary>
    /// The message is refused: by a server with 550 5.6.0, once it was read to its real end; by a client with <see cref="SendRefusal.BareLineEnding"/>, before
    /// anything is sent where the content is in memory, else where it is met, which costs the connection.
    /// </summary>
    Reject,

    /// <summary>The missing half is put in: what is stored or sent has CRLF line endings only.</summary>
    Normalize,
}
