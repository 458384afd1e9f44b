using System.Diagnostics.Metrics;

namespace Smtp.Client;

/// <summary>
/// The instruments of the meter "Smtp.Client", named in the manner of OpenTelemetry's conventions for clients with a pool. One that nobody
/// listens to costs a branch.
/// </summary>
internal static class SmtpClientMetrics
{
    internal const string MeterName = "Smtp.Client";

    private static readonly Meter Meter = new(MeterName);

    internal static readonly UpDownCounter<long> Connections =
        Meter.CreateUpDownCounter<long>("smtp.client.connection.count", "{connection}", "Open connections of pools, by state: idle or used");

    internal static readonly UpDownCounter<long> Pending =
        Meter.CreateUpDownCounter<long>("smtp.client.connection.pending_requests", "{request}", "Sends that wait for a connection");

    internal static readonly Histogram<double> WaitTime =
        Meter.CreateHistogram<double>("smtp.client.connection.wait_time", "s", "How long sends waited for a connection");

    internal static readonly Histogram<double> CreateTime =
        Meter.CreateHistogram<double>("smtp.client.connection.create_time", "s", "How long opening a connection took, TLS and AUTH included");

    internal static readonly Histogram<double> Duration =
        Meter.CreateHistogram<double>("smtp.client.connection.duration", "s", "How long connections lasted, by the reason of their end");

    internal static readonly Counter<long> Timeouts =
        Meter.CreateCounter<long>("smtp.client.connection.timeouts", "{timeout}", "Sends that got no connection in time");

    internal static readonly Counter<long> Messages =
        Meter.CreateCounter<long>("smtp.client.messages", "{message}", "Messages sent, by outcome");

    internal static readonly Counter<long> Recipients =
        Meter.CreateCounter<long>("smtp.client.recipients", "{recipient}", "Recipients of messages sent, by outcome");

    internal static readonly Histogram<double> SendDuration =
        Meter.CreateHistogram<double>("smtp.client.send.duration", "s", "How long sends took, waiting included, by outcome");

    internal static readonly Histogram<long> Size =
        Meter.CreateHistogram<long>("smtp.client.message.size", "By", "Sizes of accepted messages, where known beforehand");

    internal static readonly Counter<long> Retries =
        Meter.CreateCounter<long>("smtp.client.retries", "{retry}", "Messages sent anew because a pooled connection had gone stale");
}
