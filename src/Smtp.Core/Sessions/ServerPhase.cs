namespace Smtp.Core;

/// <summary>Where a server session stands (RFC 5321 §3, §4.1.4).</summary>
public enum ServerPhase : byte
{
    /// <summary>Connected; nothing was said yet.</summary>
    Connected,

    /// <summary>The client was refused by the greeting and may only QUIT (RFC 5321 §3.1).</summary>
    Refused,

    /// <summary>The greeting was sent, also the state behind a TLS handshake; EHLO or HELO is awaited.</summary>
    Greeted,

    /// <summary>EHLO or HELO was accepted and no mail transaction is open.</summary>
    Ready,

    /// <summary>MAIL was accepted, no recipient yet.</summary>
    Sender,

    /// <summary>At least one recipient was accepted.</summary>
    Recipients,

    /// <summary>Between the BDAT chunks of one message.</summary>
    Chunks,

    /// <summary>Inside DATA's body.</summary>
    Body,

    /// <summary>Inside a BDAT chunk.</summary>
    Chunk,

    /// <summary>A SASL response is awaited (RFC 4954 §4).</summary>
    Authenticating,

    /// <summary>The last reply was written; the connection is to be closed.</summary>
    Closing,
}
