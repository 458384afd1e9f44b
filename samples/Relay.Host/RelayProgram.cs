using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Relay.Host;

/// <summary>The program from its arguments to its exit code.</summary>
internal static class RelayProgram
{
    /// <summary>
    /// Runs the relay: (1) loads the configuration, (2) checks it, (3) starts, (4) runs until Ctrl-C, SIGTERM or <paramref name="stopping"/>.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">Where the start-up lines go.</param>
    /// <param name="errors">Where start errors go, one a line.</param>
    /// <param name="stopping">Stops the relay.</param>
    /// <returns>The exit code: 0 stopped, 1 did not start; see <see cref="OperatorCommands"/> for commands.</returns>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken stopping = default)
    {
        if (OperatorCommands.Are(args))
        {
            return await OperatorCommands.RunAsync(args, output, errors, stopping).ConfigureAwait(false);
        }

        try
        {
            // (1)
            ConfigurationManager configuration = RelayConfiguration.Load(args);

            // (2)
            if (RelaySettingsReader.Read(configuration, out IReadOnlyList<string> wrong) is not { } settings)
            {
                foreach (string error in wrong)
                {
                    await errors.WriteLineAsync($"relay: {error}").ConfigureAwait(false);
                }

                return 1;
            }

            // (3)
            IHost host = Build(configuration, settings);
            await using var whole = ((IAsyncDisposable)host).ConfigureAwait(false);
            PrivateFiles.Check(configuration, settings, host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Relay.Host"));
            await host.StartAsync(stopping).ConfigureAwait(false);
            StartUpLines.Write(output, settings, host.Services.GetRequiredService<RelayServers>());

            // (4)
            await host.WaitForShutdownAsync(stopping).ConfigureAwait(false);
            return 0;
        }
        catch (RelayStartException error)
        {
            await errors.WriteLineAsync($"relay: {error.Message}").ConfigureAwait(false);
            return 1;
        }
    }

    private static IHost Build(ConfigurationManager configuration, RelaySettings settings)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, Configuration = configuration });
        builder.Logging.AddConfiguration(configuration.GetSection("Logging"));
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });

        // Its words on starting and failing are said by StartUpLines and RunAsync, without a stack trace.
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        if (settings.Telemetry is { } telemetry)
        {
            RelayTelemetry.Add(builder, telemetry, settings.HostName);
        }

        // Longer than the grace time, which it would cut short.
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.Delivery.GraceTime + TimeSpan.FromSeconds(15));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(services => new RelayServers(
            settings, services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddHostedService<RelayService>();
        builder.Services.AddSingleton(configuration);
        builder.Services.AddHostedService<SettingsReloader>();
        return builder.Build();
    }
}
