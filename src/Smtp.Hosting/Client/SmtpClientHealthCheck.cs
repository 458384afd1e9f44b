using Microsoft.Extensions.Diagnostics.HealthChecks;
using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>Connects as the settings demand it, or says NOOP over a connection that is there.</summary>
internal sealed class SmtpClientHealthCheck(SmtpClient client) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        SmtpPoolStatistics pool = client.Statistics;
        var data = new Dictionary<string, object>
        {
            ["connections"] = pool.Connections,
            ["inUse"] = pool.InUse,
            ["waiting"] = pool.Waiting,
        };
        try
        {
            await client.VerifyAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy(data: data);
        }
        catch (SmtpConnectionException error)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, error.Message, error, data);
        }
    }
}
