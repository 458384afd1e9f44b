using Smtp.Server;

namespace Smtp.AspNetCore;

/// <summary>What is special about one endpoint of Kestrel's that speaks SMTP. Address and backlog are Kestrel's own settings.</summary>
public sealed class SmtpEndpointOptions
{
    /// <summary>Which server takes the connections: its name in AddSmtpServer. Default empty: the one without a name.</summary>
    public string ServerName { get; set; } = string.Empty;

    /// <summary>How the endpoint uses TLS. Default <see cref="TlsMode.None"/>. The handshake is Kestrel's, with its certificates and settings for HTTPS.</summary>
    public TlsMode Tls { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.Role"/>
    public SmtpListenerRole Role { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.RequireTls"/>
    public bool RequireTls { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.RequireAuthentication"/>
    public bool? RequireAuthentication { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.AllowPlaintextAuthentication"/>
    public bool AllowPlaintextAuthentication { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.Lmtp"/>
    public bool Lmtp { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.GreetingDelay"/>
    public TimeSpan GreetingDelay { get; set; }

    /// <inheritdoc cref="SmtpListenerOptions.RejectImproperPipelining"/>
    public bool RejectImproperPipelining { get; set; }
}
