using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Smtp.Server.Tests;

/// <summary>What one server measures, while others run beside it.</summary>
internal static class ServerMeter
{
    /// <summary>Listens until it is disposed of.</summary>
    /// <param name="server">The server.</param>
    /// <param name="instruments">Gets the name and the unit of each instrument.</param>
    /// <param name="measured">Gets each measurement.</param>
    internal static MeterListener Listen(
        SmtpServer server, ConcurrentDictionary<string, string> instruments, ConcurrentBag<(string Name, double Value, string Tags)> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                // Other tests have servers of their own.
                if (ReferenceEquals(instrument.Meter, server.Metrics.Meter))
                {
                    instruments[instrument.Name] = instrument.Unit!;
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        listener.Start();
        return listener;
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
}
