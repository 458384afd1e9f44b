using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Makes a server from its settings and its services.</summary>
internal static class SmtpServerFactory
{
    internal static SmtpServer Create(IServiceProvider services, string name)
    {
        SmtpServerHostingOptions settings = services.GetRequiredService<IOptionsMonitor<SmtpServerHostingOptions>>().Get(name);
        ILoggerFactory loggers = services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        TimeProvider time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        try
        {
            return new SmtpServer(new SmtpServerOptions
            {
                HostName = settings.HostName,
                GreetingText = settings.GreetingText,
                Listeners = [.. settings.Listeners],
                MessageSink = services.GetKeyedService<IMessageSink>(name) ?? throw new OptionsValidationException(
                    name, typeof(SmtpServerHostingOptions), [$"{Describe(name)} has no sink, so that it could not take messages: call UseSink behind AddSmtpServer."]),
                Policy = services.GetKeyedService<IEnvelopePolicy>(name) ?? AcceptAll.Instance,
                Authenticator = services.GetKeyedService<ISmtpAuthenticator>(name) ?? Listed(settings),
                AuthenticationMechanisms = settings.AuthenticationMechanisms,
                Certificates = services.GetKeyedService<ITlsCertificateSource>(name) ?? FromFiles(settings, name, loggers, time),
                Extensions = settings.Extensions,
                Leniency = settings.Leniency,
                BareLineEndings = settings.BareLineEndings,
                NulOctets = settings.NulOctets,
                LongLines = settings.LongLines,
                Limits = settings.Limits,
                AuthenticationLimits = settings.AuthenticationLimits,
                Timeouts = settings.Timeouts,
                MaximumConnections = settings.MaximumConnections,
                MaximumConnectionsPerAddress = settings.MaximumConnectionsPerAddress,
                ErrorsBeforeDelay = settings.ErrorsBeforeDelay,
                MaximumDelayedConnections = settings.MaximumDelayedConnections,
                SessionEvents = services.GetKeyedService<ISmtpSessionEvents>(name),
                LoggerFactory = loggers,
                TimeProvider = time,
            });
        }
        catch (ArgumentException error)
        {
            throw new OptionsValidationException(name, typeof(SmtpServerHostingOptions), [$"{Describe(name)}: {error.Message}"]);
        }
    }

    internal static string Describe(string name) => name.Length == 0 ? "The SMTP server" : $"The SMTP server \"{name}\"";

    private static ISmtpAuthenticator? Listed(SmtpServerHostingOptions settings) =>
        settings.Users.Count > 0 ? new PasswordListAuthenticator(settings.Users)
        : settings.UserHashes.Count > 0 ? new HashedPasswordAuthenticator(settings.UserHashes)
        : null;

    private static PemCertificateFile? FromFiles(SmtpServerHostingOptions settings, string name, ILoggerFactory loggers, TimeProvider time)
    {
        if (settings.CertificatePath is not { } path)
        {
            return null;
        }

        string keyPath = settings.CertificateKeyPath ?? path;
        try
        {
            return new PemCertificateFile(path, keyPath, loggers, time);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new OptionsValidationException(
                name,
                typeof(SmtpServerHostingOptions),
                [$"{Describe(name)}: CertificatePath = \"{path}\", CertificateKeyPath = \"{keyPath}\": they must be a certificate with its key in PEM: {error.Message}"]);
        }
    }

    private sealed class AcceptAll : IEnvelopePolicy
    {
        internal static readonly AcceptAll Instance = new();
    }
}
