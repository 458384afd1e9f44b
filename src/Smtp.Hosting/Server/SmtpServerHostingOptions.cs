using System.Net;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>
/// The settings of a server in a host: those of <see cref="SmtpServerOptions"/>, to be set by code or read from configuration. What is an object there (sink,
/// authenticator, policy, certificates) comes from the services: see <see cref="SmtpServerBuilder"/>.
/// </summary>
public sealed class SmtpServerHostingOptions
{
    private static readonly SmtpServerOptions Defaults = new() { MessageSink = null! };

    /// <inheritdoc cref="SmtpServerOptions.HostName"/>
    public string HostName { get; set; } = Defaults.HostName;

    /// <inheritdoc cref="SmtpServerOptions.GreetingText"/>
    public string GreetingText { get; set; } = Defaults.GreetingText;

    /// <summary>Where to listen. Empty for a server that is only handed connections, as by Smtp.AspNetCore.</summary>
    public IList<SmtpListenerOptions> Listeners { get; } = [];

    /// <summary>A PEM file with the certificate of listeners with TLS, its intermediates behind it; loaded again when it changes. Default none.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>A PEM file with the certificate's private key. Default null: it is in <see cref="CertificatePath"/>.</summary>
    public string? CertificateKeyPath { get; set; }

    /// <summary>Users with their passwords, for a server without an authenticator of its own. Names are compared without regard to case. Default none.</summary>
    public IDictionary<string, string> Users { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Users with hashes of their passwords (see <see cref="PasswordHash"/>), in place of <see cref="Users"/>. Default none.</summary>
    public IDictionary<string, string> UserHashes { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc cref="SmtpServerOptions.AuthenticationMechanisms"/>
    public IReadOnlyList<string>? AuthenticationMechanisms { get; set; }

    /// <inheritdoc cref="SmtpServerOptions.Extensions"/>
    public SmtpExtensions Extensions { get; set; } = Defaults.Extensions;

    /// <inheritdoc cref="SmtpServerOptions.Leniency"/>
    public PathOptions Leniency { get; set; } = Defaults.Leniency;

    /// <inheritdoc cref="SmtpServerOptions.BareLineEndings"/>
    public BareLineEndingPolicy BareLineEndings { get; set; } = Defaults.BareLineEndings;

    /// <inheritdoc cref="SmtpServerOptions.NulOctets"/>
    public ContentPolicy NulOctets { get; set; } = Defaults.NulOctets;

    /// <inheritdoc cref="SmtpServerOptions.LongLines"/>
    public ContentPolicy LongLines { get; set; } = Defaults.LongLines;

    /// <inheritdoc cref="SmtpServerOptions.Limits"/>
    public SmtpLimits Limits { get; set; } = new();

    /// <inheritdoc cref="SmtpServerOptions.AuthenticationLimits"/>
    public SmtpAuthenticationLimits AuthenticationLimits { get; set; } = new();

    /// <inheritdoc cref="SmtpServerOptions.Timeouts"/>
    public SmtpServerTimeouts Timeouts { get; set; } = new();

    /// <inheritdoc cref="SmtpServerOptions.MaximumConnections"/>
    public int MaximumConnections { get; set; } = Defaults.MaximumConnections;

    /// <inheritdoc cref="SmtpServerOptions.MaximumConnectionsPerAddress"/>
    public int MaximumConnectionsPerAddress { get; set; } = Defaults.MaximumConnectionsPerAddress;

    /// <inheritdoc cref="SmtpServerOptions.ErrorsBeforeDelay"/>
    public int ErrorsBeforeDelay { get; set; } = Defaults.ErrorsBeforeDelay;

    /// <inheritdoc cref="SmtpServerOptions.MaximumDelayedConnections"/>
    public int MaximumDelayedConnections { get; set; } = Defaults.MaximumDelayedConnections;

    /// <summary>What reading the configuration found wrong.</summary>
    internal List<string> ConfigurationErrors { get; } = [];

    /// <summary>Adds a listener on all addresses of this machine, those of IPv6 and of IPv4.</summary>
    /// <param name="port">Its port; 0 for a free one.</param>
    /// <param name="tls">How it uses TLS.</param>
    public void Listen(int port, TlsMode tls = TlsMode.None) => Listen(EndPointText.AllAddresses(port), tls);

    /// <summary>Adds a listener.</summary>
    /// <param name="endPoint">An <see cref="IPEndPoint"/> or a Unix socket's; port 0 for a free one.</param>
    /// <param name="tls">How it uses TLS.</param>
    public void Listen(EndPoint endPoint, TlsMode tls = TlsMode.None)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Listeners.Add(new SmtpListenerOptions { EndPoint = endPoint, Tls = tls });
    }

    /// <summary>Adds a listener of the submission role (RFC 6409): TLS and AUTH are demanded.</summary>
    /// <param name="port">587, mostly, or 465 with <see cref="TlsMode.Implicit"/>; 0 for a free one.</param>
    /// <param name="tls">How it uses TLS.</param>
    public void ListenForSubmission(int port = 587, TlsMode tls = TlsMode.StartTls) => Listeners.Add(new SmtpListenerOptions
    {
        EndPoint = EndPointText.AllAddresses(port),
        Tls = tls,
        Role = SmtpListenerRole.Submission,
        RequireTls = true,
    });
}
