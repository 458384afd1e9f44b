using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Smtp.AspNetCore;
using Smtp.Server;

// Where UseHttps and UseConnectionLogging are, so that no `using` is needed to find it.
namespace Microsoft.AspNetCore.Hosting;

/// <summary>Makes an endpoint of Kestrel's speak SMTP.</summary>
public static class SmtpListenOptionsExtensions
{
    /// <summary>
    /// Gives the endpoint's connections to the server that AddSmtpServer put among the services. Kestrel's limit of connections, its connection logging and its
    /// shutdown hold for them; TLS is Kestrel's. Nothing else of the endpoint's pipeline comes behind it, no HTTP either.
    /// </summary>
    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="configure">Changes what is special about it.</param>
    /// <param name="configureHttps">Changes Kestrel's TLS settings for it. Default: those that Kestrel has for HTTPS, the certificate included.</param>
    /// <exception cref="InvalidOperationException">There is no such server, or TLS is wanted and Kestrel has no certificate.</exception>
    /// <exception cref="ArgumentException">The server cannot follow the endpoint's rules; the message names what is missing. Thrown when Kestrel starts.</exception>
    public static ListenOptions UseSmtp(
        this ListenOptions listenOptions, Action<SmtpEndpointOptions>? configure = null, Action<HttpsConnectionAdapterOptions>? configureHttps = null)
    {
        ArgumentNullException.ThrowIfNull(listenOptions);
        var options = new SmtpEndpointOptions();
        configure?.Invoke(options);
        if (configureHttps is not null && options.Tls == TlsMode.None)
        {
            throw new ArgumentException("TLS settings were given, so that Tls must be StartTls or Implicit.", nameof(configureHttps));
        }

        var listener = new SmtpListenerOptions
        {
            EndPoint = listenOptions.EndPoint,
            Tls = options.Tls,
            RequireTls = options.RequireTls,
            Role = options.Role,
            RequireAuthentication = options.RequireAuthentication ?? options.Role == SmtpListenerRole.Submission,
            AllowPlaintextAuthentication = options.AllowPlaintextAuthentication,
            Lmtp = options.Lmtp,
            GreetingDelay = options.GreetingDelay,
            RejectImproperPipelining = options.RejectImproperPipelining,
        };
        bool hasTls = options.Tls != TlsMode.None;
        SmtpEndpoint? endpoint = null;

        // Kestrel demands a version of HTTP; with this one it opens no QUIC listener beside.
        listenOptions.Protocols = HttpProtocols.Http1;
        listenOptions.Use(next =>
        {
            SmtpServer server = listenOptions.ApplicationServices.GetKeyedService<SmtpServer>(options.ServerName)
                ?? throw new InvalidOperationException(options.ServerName.Length == 0
                    ? "UseSmtp needs a server: call AddSmtpServer."
                    : $"UseSmtp needs a server that is named \"{options.ServerName}\": call AddSmtpServer with this name.");
            server.DemandListener(listener, bringsTls: hasTls);
            endpoint = new SmtpEndpoint(server, listener);
            return connection => endpoint.RunAsync(connection, hasTls ? next : null);
        });
        if (hasTls)
        {
            listenOptions.UseHttps(https =>
            {
                configureHttps?.Invoke(https);
                Action<ConnectionContext, SslServerAuthenticationOptions>? own = https.OnAuthenticate;
                https.OnAuthenticate = (connection, tls) =>
                {
                    Harden(tls);
                    own?.Invoke(connection, tls);
                };
            });
            listenOptions.Use(_ => SmtpEndpoint.TakeTlsAsync);
        }

        return listenOptions;
    }

    /// <summary>What the server's own listeners have, over Kestrel's settings for HTTPS; the application's OnAuthenticate comes behind it.</summary>
    private static void Harden(SslServerAuthenticationOptions tls)
    {
        // A browser that was lured here offers the protocols of HTTP, and must not find them (ALPACA).
        tls.ApplicationProtocols = [new SslApplicationProtocol("smtp"), new SslApplicationProtocol("esmtp")];
        tls.AllowRenegotiation = false;

        // A session that is resumed brings no certificate.
        tls.AllowTlsResume &= !tls.ClientCertificateRequired;
        if (tls.EnabledSslProtocols == SslProtocols.None)
        {
            tls.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        }
    }
}
