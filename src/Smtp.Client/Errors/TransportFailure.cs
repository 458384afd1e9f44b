namespace Smtp.Client;

/// <summary>How the connection to a server failed.</summary>
public enum TransportFailure
{
    /// <summary>The name has no address, or no address took the connection.</summary>
    ConnectFailed,

    /// <summary>The TLS handshake failed, or the certificate was not accepted.</summary>
    TlsFailed,

    /// <summary>The connection was closed or reset.</summary>
    ConnectionLost,

    /// <summary>A stage took longer than <see cref="SmtpClientTimeouts"/> allows.</summary>
    TimedOut,

    /// <summary>No connection of the pool came free within <see cref="SmtpClientOptions.AcquireTimeout"/>. Nothing was sent.</summary>
    PoolTimedOut,

    /// <summary>As many sends wait for a connection as <see cref="SmtpClientOptions.MaximumWaiters"/> allows. Nothing was sent.</summary>
    PoolOvercrowded,

    /// <summary>The client was closed while the message waited for a connection. Nothing was sent.</summary>
    ClientClosed,
}
