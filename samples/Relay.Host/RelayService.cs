using Microsoft.Extensions.Hosting;

namespace Relay.Host;

/// <summary>Runs the servers as long as the host runs.</summary>
internal sealed class RelayService(RelayServers servers) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        servers.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => servers.StopAsync(cancellationToken);
}
