namespace Smtp.Core;

/// <summary>What becomes of a message with a CR or LF that is not part of a CRLF (RFC 5321 §2.3.8 forbids it).</summary>
public enum BareLineEndingPolicy : byte
{
    /// <summary>The message is read to its real end and refused with 550 5.6.0.</summary>
    Reject,

    /// <summary>The missing half is put in: the message is stored with CRLF line endings only.</summary>
    Normalize,
}
