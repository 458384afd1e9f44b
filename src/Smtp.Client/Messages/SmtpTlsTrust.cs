namespace Smtp.Client;

/// <summary>Why a server's certificate was accepted.</summary>
public enum SmtpTlsTrust
{
    /// <summary>It passed the system's validation, name included.</summary>
    SystemValidation,

    /// <summary>It has one of <see cref="SmtpConnectionOptions.PinnedPublicKeys"/>.</summary>
    PinnedPublicKey,

    /// <summary>
    /// <see cref="SmtpConnectionOptions.CertificateValidation"/> accepted what the system's validation did not. Whether the server is
    /// authenticated by it is known to the callback alone.
    /// </summary>
    Callback,
}
