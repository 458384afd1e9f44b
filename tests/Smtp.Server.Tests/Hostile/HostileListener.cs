namespace Smtp.Server.Tests;

/// <summary>What a <see cref="HostileClient"/> talks to.</summary>
internal enum HostileListener
{
    /// <summary>SMTP with STARTTLS, which not every client takes.</summary>
    StartTls,

    /// <summary>SMTP under implicit TLS.</summary>
    ImplicitTls,

    /// <summary>LMTP.</summary>
    Lmtp,

    /// <summary>LMTP with STARTTLS.</summary>
    LmtpTls,
}
