using System.Diagnostics.Metrics;

namespace Relay.Spool;

/// <summary>Figures of the meter <c>Relay.Spool</c>, read from the store when somebody collects them; at most once a second.</summary>
public sealed class QueueMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Relay.Spool";

    private readonly Meter _meter = new(MeterName);
    private readonly Lock _lock = new();
    private readonly ISpool _spool;
    private QueueFigures? _figures;
    private long _readAt;

    /// <summary>Makes the instruments.</summary>
    /// <param name="spool">The queue.</param>
    public QueueMetrics(ISpool spool)
    {
        ArgumentNullException.ThrowIfNull(spool);
        _spool = spool;
        _meter.CreateObservableGauge("relay.queue.depth", Depth, "{recipient}", "Recipients that are not done, by state.");
        _meter.CreateObservableGauge("relay.queue.oldest_age", OldestAge, "s", "How long ago the oldest message was taken that still waits; 0 with an empty queue.");
        _meter.CreateObservableGauge("relay.queue.healthy", () => _spool.Failure is null ? 1 : 0, description: "1 if the store works.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Depth() => Read() is not { } figures
        ? []
        :
        [
            new(figures.Waiting, new KeyValuePair<string, object?>("state", "waiting")),
            new(figures.Leased, new KeyValuePair<string, object?>("state", "leased")),
            new(figures.Held, new KeyValuePair<string, object?>("state", "held")),
        ];

    private IEnumerable<Measurement<double>> OldestAge() => Read() is not { } figures
        ? []
        : [new(figures.OldestAcceptedAt is { } at ? Math.Max(0, (_spool.Clock.GetUtcNow() - at).TotalSeconds) : 0)];

    /// <summary>Null while the store cannot be read: no figure is better than a wrong one.</summary>
    private QueueFigures? Read()
    {
        lock (_lock)
        {
            if (_figures is null || _spool.Clock.GetElapsedTime(_readAt) >= TimeSpan.FromSeconds(1))
            {
                try
                {
                    // Collecting is synchronous, on a thread of the collector's own.
                    _figures = _spool.FiguresAsync().AsTask().GetAwaiter().GetResult();
                    _readAt = _spool.Clock.GetTimestamp();
                }
                catch (Exception error) when (error is SpoolException or ObjectDisposedException)
                {
                    _figures = null;
                }
            }

            return _figures;
        }
    }
}
