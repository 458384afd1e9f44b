namespace Smtp.Server;

/// <summary>Why a connection ended.</summary>
public enum SmtpCloseReason : byte
{
    /// <summary>Nothing special: the client said QUIT, or the session ended it with a reply.</summary>
    Completed,

    /// <summary>The peer closed or reset the connection, or the network did.</summary>
    Disconnected,

    /// <summary>The client was silent, or did not read, for too long.</summary>
    TimedOut,

    /// <summary>The server stops.</summary>
    Shutdown,

    /// <summary>The TLS handshake failed.</summary>
    TlsFailed,

    /// <summary>Too many connections.</summary>
    Refused,

    /// <summary>A defect of the server's.</summary>
    Failed,
}
