namespace Smtp.Server;

/// <summary>How a listener uses TLS.</summary>
public enum TlsMode : byte
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>STARTTLS is offered (RFC 3207).</summary>
    StartTls,

    /// <summary>The connection starts with the handshake (RFC 8314 §3.3), as on port 465.</summary>
    Implicit,
}
