using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Starts a server with its host, and lets it drain when the host stops.</summary>
internal sealed class SmtpServerHostedService(IServiceProvider services, string name) : IHostedService
{
    /// <summary>The server while it runs, else null.</summary>
    internal SmtpServer? Running { get; private set; }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        SmtpServer server = services.GetRequiredKeyedService<SmtpServer>(name);
        server.Start();
        Running = server;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Running is { } server)
        {
            Running = null;
            await server.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
