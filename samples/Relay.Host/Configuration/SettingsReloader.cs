using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Relay.Delivery;

namespace Relay.Host;

/// <summary>
/// Reads the configuration files again when one of them has changed, and gives delivery what they say. Other settings hold until the next start. Files that
/// cannot be read or say something wrong change nothing.
/// </summary>
internal sealed class SettingsReloader(ConfigurationManager configuration, RelayServers servers, TimeProvider time, ILogger<SettingsReloader> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>The files, in the order in which they are read.</summary>
    internal static IReadOnlyList<string> Files { get; } =
        [Path.Combine(AppContext.BaseDirectory, "appsettings.json"), Path.Combine(Environment.CurrentDirectory, "appsettings.json")];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Looked at rather than watched: a watch misses what is mounted or moved into place, and two looks in two seconds cost nothing.
        DateTime[] seen = Stamps();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                DateTime[] now = Stamps();
                if (!now.AsSpan().SequenceEqual(seen))
                {
                    seen = now;
                    Reload();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The relay stops.
        }
    }

    /// <summary>Reads everything again.</summary>
    internal void Reload()
    {
        try
        {
            ((IConfigurationRoot)configuration).Reload();
            if (RelaySettingsReader.Read(configuration, out IReadOnlyList<string> errors) is { } settings)
            {
                servers.Configure(settings);
                RelayLog.Reloaded(logger);
                PrivateFiles.Check(configuration, settings, logger);
                return;
            }

            foreach (string error in errors)
            {
                RelayLog.NotReloaded(logger, error);
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException or DkimKeyException or DeliveryRulesException)
        {
            RelayLog.NotReloaded(logger, $"{error.Message} {error.InnerException?.Message}".TrimEnd());
        }
    }

    private static DateTime[] Stamps() => [.. Files.Select(File.GetLastWriteTimeUtc)];
}
