using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Relay.Delivery;
using Relay.Spool;

namespace Relay.Host;

/// <summary>Sends figures, traces and logs by OTLP, where a collector is configured. Nothing is measured for nobody.</summary>
internal static class RelayTelemetry
{
    /// <summary>All meters: of the relay, of the engine, and of .NET itself.</summary>
    internal static string[] Meters { get; } =
        [QueueMetrics.MeterName, DeliveryMetrics.MeterName, "Smtp.Server", "Smtp.Client", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>Registers the exporters.</summary>
    internal static void Add(HostApplicationBuilder builder, TelemetrySettings settings, string hostName)
    {
        void Resource(ResourceBuilder resource) => resource.AddService(
            "relay", serviceVersion: typeof(RelayTelemetry).Assembly.GetName().Version?.ToString(), serviceInstanceId: $"{hostName}-{Environment.ProcessId}");

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(Resource)
            .WithMetrics(metrics => metrics.AddMeter(Meters).AddOtlpExporter((exporter, reader) =>
            {
                Configure(exporter, settings, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)settings.Interval.TotalMilliseconds;
            }))
            .WithTracing(traces => traces.AddSource(RelayTracing.SourceName).AddOtlpExporter(exporter => Configure(exporter, settings, "v1/traces")))
            .WithLogging(
                logs => logs.AddOtlpExporter(exporter => Configure(exporter, settings, "v1/logs")),
                options => options.IncludeFormattedMessage = options.IncludeScopes = true);

        // Its own client would tell of its own requests, in each of which it would tell of them.
        builder.Logging.AddFilter<OpenTelemetryLoggerProvider>("System.Net.Http", LogLevel.Warning);
    }

    private static void Configure(OtlpExporterOptions exporter, TelemetrySettings settings, string path)
    {
        exporter.Protocol = settings.IsHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        exporter.Endpoint = settings.IsHttp ? new Uri($"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}") : settings.Endpoint;
    }
}
