using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Smtp.Client;
using Smtp.Core;

namespace Smtp.Hosting;

/// <summary>The settings of a client in a host: those of <see cref="SmtpClientOptions"/>, to be set by code or read from configuration.</summary>
public sealed class SmtpClientHostingOptions
{
    private static readonly SmtpClientOptions Defaults = new() { Host = "localhost" };

    /// <inheritdoc cref="SmtpConnectionOptions.Host"/>
    public string Host { get; set; } = string.Empty;

    /// <inheritdoc cref="SmtpConnectionOptions.FallbackHosts"/>
    public IReadOnlyList<string> FallbackHosts { get; set; } = Defaults.FallbackHosts;

    /// <inheritdoc cref="SmtpConnectionOptions.Port"/>
    public int Port { get; set; } = Defaults.Port;

    /// <inheritdoc cref="SmtpConnectionOptions.Lmtp"/>
    public bool Lmtp { get; set; } = Defaults.Lmtp;

    /// <inheritdoc cref="SmtpConnectionOptions.LocalEndPoint"/>
    public IPEndPoint? LocalEndPoint { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.ConnectCallback"/>
    public Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.Tls"/>
    public SmtpTlsMode Tls { get; set; } = Defaults.Tls;

    /// <inheritdoc cref="SmtpConnectionOptions.TlsHostName"/>
    public string? TlsHostName { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.TlsHostNames"/>
    public IReadOnlyList<string> TlsHostNames { get; set; } = Defaults.TlsHostNames;

    /// <inheritdoc cref="SmtpConnectionOptions.PinnedPublicKeys"/>
    public IReadOnlyList<string> PinnedPublicKeys { get; set; } = Defaults.PinnedPublicKeys;

    /// <inheritdoc cref="SmtpConnectionOptions.ClientCertificates"/>
    public X509Certificate2Collection? ClientCertificates { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.CertificateValidation"/>
    public RemoteCertificateValidationCallback? CertificateValidation { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.CheckCertificateRevocation"/>
    public bool CheckCertificateRevocation { get; set; } = Defaults.CheckCertificateRevocation;

    /// <inheritdoc cref="SmtpConnectionOptions.LocalName"/>
    public string? LocalName { get; set; }

    /// <summary>Authenticates as this user with <see cref="Password"/>. Default null: not at all, or with <see cref="Credentials"/>.</summary>
    public string? UserName { get; set; }

    /// <summary>The password of <see cref="UserName"/>.</summary>
    public string? Password { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.Credentials"/>
    public SmtpCredentials? Credentials { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.AuthenticationMechanisms"/>
    public IReadOnlyList<string>? AuthenticationMechanisms { get; set; }

    /// <inheritdoc cref="SmtpConnectionOptions.AllowPlaintextAuthentication"/>
    public bool AllowPlaintextAuthentication { get; set; } = Defaults.AllowPlaintextAuthentication;

    /// <inheritdoc cref="SmtpConnectionOptions.UseChunking"/>
    public bool UseChunking { get; set; } = Defaults.UseChunking;

    /// <inheritdoc cref="SmtpConnectionOptions.MaximumMessagesInFlight"/>
    public int MaximumMessagesInFlight { get; set; } = Defaults.MaximumMessagesInFlight;

    /// <inheritdoc cref="SmtpConnectionOptions.DetectUtf8Headers"/>
    public bool DetectUtf8Headers { get; set; } = Defaults.DetectUtf8Headers;

    /// <inheritdoc cref="SmtpConnectionOptions.BareLineEndings"/>
    public BareLineEndingPolicy BareLineEndings { get; set; } = Defaults.BareLineEndings;

    /// <inheritdoc cref="SmtpConnectionOptions.Timeouts"/>
    public SmtpClientTimeouts Timeouts { get; set; } = new();

    /// <inheritdoc cref="SmtpClientOptions.MaximumConnections"/>
    public int MaximumConnections { get; set; } = Defaults.MaximumConnections;

    /// <inheritdoc cref="SmtpClientOptions.MinimumConnections"/>
    public int MinimumConnections { get; set; } = Defaults.MinimumConnections;

    /// <inheritdoc cref="SmtpClientOptions.MaximumMessagesPerConnection"/>
    public int MaximumMessagesPerConnection { get; set; } = Defaults.MaximumMessagesPerConnection;

    /// <inheritdoc cref="SmtpClientOptions.PooledConnectionLifetime"/>
    public TimeSpan PooledConnectionLifetime { get; set; } = Defaults.PooledConnectionLifetime;

    /// <inheritdoc cref="SmtpClientOptions.PooledConnectionIdleTimeout"/>
    public TimeSpan PooledConnectionIdleTimeout { get; set; } = Defaults.PooledConnectionIdleTimeout;

    /// <inheritdoc cref="SmtpClientOptions.AcquireTimeout"/>
    public TimeSpan AcquireTimeout { get; set; } = Defaults.AcquireTimeout;

    /// <inheritdoc cref="SmtpClientOptions.MaximumWaiters"/>
    public int MaximumWaiters { get; set; } = Defaults.MaximumWaiters;

    /// <inheritdoc cref="SmtpClientOptions.ConnectBackoff"/>
    public TimeSpan ConnectBackoff { get; set; } = Defaults.ConnectBackoff;

    /// <inheritdoc cref="SmtpClientOptions.ShutdownGrace"/>
    public TimeSpan ShutdownGrace { get; set; } = Defaults.ShutdownGrace;

    /// <summary>What reading the configuration found wrong.</summary>
    internal List<string> ConfigurationErrors { get; } = [];
}
