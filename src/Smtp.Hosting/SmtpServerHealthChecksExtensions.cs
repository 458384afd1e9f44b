using Microsoft.Extensions.Diagnostics.HealthChecks;
using Smtp.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts an SMTP server among the health checks.</summary>
public static class SmtpServerHealthChecksExtensions
{
    /// <summary>Adds a check: unhealthy while the server does not run, degraded while it is so full that it greets new clients with 421.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="serverName">The server's name as in AddSmtpServer; empty, the default, for the one without.</param>
    /// <param name="name">The check's name. Default "smtp-server", with the server's name behind it.</param>
    /// <param name="failureStatus">What to report in place of unhealthy.</param>
    /// <param name="tags">The check's tags.</param>
    public static IHealthChecksBuilder AddSmtpServer(
        this IHealthChecksBuilder builder, string serverName = "", string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(serverName);
        return builder.Add(new HealthCheckRegistration(
            name ?? (serverName.Length == 0 ? "smtp-server" : $"smtp-server-{serverName}"),
            services => new SmtpServerHealthCheck(services.GetRequiredKeyedService<SmtpServerHostedService>(serverName)),
            failureStatus,
            tags));
    }
}
