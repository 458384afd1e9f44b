using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Relay.Spool;

namespace Relay.Delivery;

/// <summary>Figures of the meter <c>Relay.Delivery</c>.</summary>
public sealed class DeliveryMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Relay.Delivery";

    /// <summary>How many destinations have a series of their own; the others share <c>other</c>.</summary>
    public const int MaximumDestinations = 200;

    private readonly ConcurrentDictionary<string, byte> _destinations = new(StringComparer.Ordinal);
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _duplicates;
    private readonly Histogram<double> _latency;
    private readonly UpDownCounter<long> _connections;

    /// <summary>Makes the instruments.</summary>
    public DeliveryMetrics()
    {
        _attempts = _meter.CreateCounter<long>("relay.delivery.attempts", "{recipient}", "Attempts by outcome and destination.");
        _duplicates = _meter.CreateCounter<long>("relay.delivery.possible_duplicates", "{recipient}", "Attempts of which nobody knows whether the host took the message.");
        _latency = _meter.CreateHistogram<double>("relay.delivery.latency", "s", "From accepting a message, or the time it was scheduled for, to its delivery.");
        _connections = _meter.CreateUpDownCounter<long>("relay.delivery.connections", "{connection}", "Open connections to other hosts.");
    }

    /// <summary>How many attempts may have delivered a message that is delivered again.</summary>
    public long PossibleDuplicates => Interlocked.Read(ref _possibleDuplicates);

    private long _possibleDuplicates;

    /// <summary>The meter.</summary>
    internal Meter Meter => _meter;

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void OnFate(Fate fate, string destination, TimeSpan latency, bool isDuplicate)
    {
        string outcome = fate.State switch
        {
            RecipientState.Delivered => "delivered",
            RecipientState.Queued => "deferred",
            RecipientState.Bounced => "bounced",
            RecipientState.Expired => "expired",
            RecipientState.Suppressed => "suppressed",
            RecipientState.Held => "held",
            _ => "other",
        };
        _attempts.Add(1, new("outcome", outcome), new("destination", Label(destination)));
        if (isDuplicate)
        {
            Interlocked.Increment(ref _possibleDuplicates);
            _duplicates.Add(1);
        }

        if (fate.State == RecipientState.Delivered)
        {
            _latency.Record(latency.TotalSeconds);
        }
    }

    /// <summary>
    /// The first destinations by name, and the others together: each name is a series that the collector keeps for ever, and who sends to us can make up as
    /// many as they like.
    /// </summary>
    private string Label(string destination)
    {
        if (_destinations.ContainsKey(destination))
        {
            return destination;
        }

        return _destinations.Count < MaximumDestinations && _destinations.TryAdd(destination, 0) ? destination : "other";
    }

    internal void OnConnections(int change) => _connections.Add(change);
}
