using System.Diagnostics.Metrics;

namespace Smtp.LoadHost;

/// <summary>
/// Listens to all instruments of the server, as an application with metrics on does: an instrument that nobody listens to costs nothing, and would be
/// measured as nothing.
/// </summary>
internal sealed class CountingMeters : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _measurements;

    internal CountingMeters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Smtp.Server")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => _measurements++);
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => _measurements++);
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();
}
