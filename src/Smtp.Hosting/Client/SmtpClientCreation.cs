using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>Makes a client from its settings.</summary>
internal static class SmtpClientCreation
{
    internal static SmtpClient Create(IServiceProvider services, string name) => new(ToOptions(
        services.GetRequiredService<IOptionsMonitor<SmtpClientHostingOptions>>().Get(name),
        services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
        services.GetService<TimeProvider>() ?? TimeProvider.System));

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal static SmtpClientOptions ToOptions(SmtpClientHostingOptions settings, ILoggerFactory loggers, TimeProvider time) => new()
    {
        Host = settings.Host,
        FallbackHosts = settings.FallbackHosts,
        Port = settings.Port,
        Lmtp = settings.Lmtp,
        LocalEndPoint = settings.LocalEndPoint,
        ConnectCallback = settings.ConnectCallback,
        Tls = settings.Tls,
        TlsHostName = settings.TlsHostName,
        TlsHostNames = settings.TlsHostNames,
        PinnedPublicKeys = settings.PinnedPublicKeys,
        ClientCertificates = settings.ClientCertificates,
        CertificateValidation = settings.CertificateValidation,
        CheckCertificateRevocation = settings.CheckCertificateRevocation,
        LocalName = settings.LocalName,
        Credentials = settings.Credentials
            ?? (settings is { UserName: { Length: > 0 } user, Password: { Length: > 0 } password } ? new SmtpCredentials(user, password) : null),
        AuthenticationMechanisms = settings.AuthenticationMechanisms,
        AllowPlaintextAuthentication = settings.AllowPlaintextAuthentication,
        UseChunking = settings.UseChunking,
        MaximumMessagesInFlight = settings.MaximumMessagesInFlight,
        DetectUtf8Headers = settings.DetectUtf8Headers,
        BareLineEndings = settings.BareLineEndings,
        Timeouts = settings.Timeouts,
        TimeProvider = time,
        LoggerFactory = loggers,
        MaximumConnections = settings.MaximumConnections,
        MinimumConnections = settings.MinimumConnections,
        MaximumMessagesPerConnection = settings.MaximumMessagesPerConnection,
        PooledConnectionLifetime = settings.PooledConnectionLifetime,
        PooledConnectionIdleTimeout = settings.PooledConnectionIdleTimeout,
        AcquireTimeout = settings.AcquireTimeout,
        MaximumWaiters = settings.MaximumWaiters,
        ConnectBackoff = settings.ConnectBackoff,
        ShutdownGrace = settings.ShutdownGrace,
    };
}
