namespace Smtp.Client;

/// <summary>Why a pool closed a connection.</summary>
internal enum PoolCloseReason
{
    /// <summary>It failed in use, a send over it was cancelled, or the server closed it with 421.</summary>
    Unusable,

    /// <summary>The server closed it while it was idle.</summary>
    Stale,

    /// <summary>It was idle for <see cref="SmtpClientOptions.PooledConnectionIdleTimeout"/>.</summary>
    IdleTimeout,

    /// <summary>It is older than <see cref="SmtpClientOptions.PooledConnectionLifetime"/>.</summary>
    Lifetime,

    /// <summary>It has sent <see cref="SmtpClientOptions.MaximumMessagesPerConnection"/> messages, or as many as the server takes.</summary>
    MessageLimit,

    /// <summary>The client is being closed.</summary>
    ClientClosed,
}
