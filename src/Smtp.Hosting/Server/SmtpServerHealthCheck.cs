using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Smtp.Hosting;

/// <summary>Unhealthy while the server does not run, degraded while it is so full that it greets new clients with 421.</summary>
internal sealed class SmtpServerHealthCheck(SmtpServerHostedService service) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (service.Running is not { } server)
        {
            return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, "The server does not run."));
        }

        int count = server.ConnectionCount;
        int most = server.Options.MaximumConnections;
        var data = new Dictionary<string, object>
        {
            ["connections"] = count,
            ["maximumConnections"] = most,
            ["endPoints"] = string.Join(", ", server.EndPoints),
        };
        string description = string.Create(CultureInfo.InvariantCulture, $"{count} of {most} connections.");
        return Task.FromResult(count < most ? HealthCheckResult.Healthy(description, data) : HealthCheckResult.Degraded(description, data: data));
    }
}
