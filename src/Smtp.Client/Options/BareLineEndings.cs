namespace Smtp.Client;

/// <summary>What is done with a CR or LF in content that is not part of a CRLF. It is never sent as it stands (RFC 5321 §2.3.8).</summary>
public enum BareLineEndings
{
    /// <summary>It is sent as CRLF. The default.</summary>
    Normalize,

    /// <summary>
    /// The message is refused with <see cref="Smtp.Core.SendRefusal.BareLineEnding"/>: before anything is sent where the content is in memory;
    /// else where it is met, which costs the connection.
    /// </summary>
    Refuse,
}
