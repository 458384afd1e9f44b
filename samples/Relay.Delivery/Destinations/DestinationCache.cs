using System.Collections.Concurrent;

namespace Relay.Delivery;

/// <summary>
/// Keeps what the resolver found as long as it holds. Many that ask for one domain at the same time share one lookup; it runs on when one of them gives up.
/// </summary>
internal sealed class DestinationCache
{
    private readonly Func<string, CancellationToken, Task<Resolution>> _resolve;
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Makes a cache.</summary>
    /// <param name="resolve">Finds what is not here.</param>
    /// <param name="time">The clock; only elapsed time counts, so that a clock that is set makes nothing old.</param>
    /// <param name="capacity">So many domains are kept; when there are more, what has run out goes, and if that is not enough, everything.</param>
    internal DestinationCache(Func<string, CancellationToken, Task<Resolution>> resolve, TimeProvider time, int capacity = 50_000)
    {
        _resolve = resolve;
        _time = time;
        _capacity = capacity;
    }

    /// <summary>The resolution of a domain, from the cache or anew.</summary>
    internal ValueTask<Resolution> GetAsync(string domain, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(domain, out Entry? entry) && !IsOver(entry))
        {
            return entry.Lookup.IsCompletedSuccessfully ? new(entry.Lookup.Result) : new(entry.Lookup.WaitAsync(cancellationToken));
        }

        if (_entries.Count >= _capacity)
        {
            Trim();
        }

        var made = new Entry(new Lazy<Task<Resolution>>(() => Task.Run(() => _resolve(domain, CancellationToken.None))), _time.GetTimestamp());
        Entry kept = entry is not null && _entries.TryUpdate(domain, made, entry) ? made : _entries.GetOrAdd(domain, made);
        return new(kept.Lookup.WaitAsync(cancellationToken));
    }

    /// <summary>Forgets everything: the configuration has changed.</summary>
    internal void Clear() => _entries.Clear();

    private bool IsOver(Entry entry) => entry.Lookup is { IsCompleted: true } lookup
        && (!lookup.IsCompletedSuccessfully || _time.GetElapsedTime(entry.Asked) > Longer(lookup.Result.Lifetime));

    // An address that was configured needs no lookup; it is kept all the same, as the object costs more than its place here.
    private static TimeSpan Longer(TimeSpan lifetime) => lifetime == TimeSpan.Zero ? TimeSpan.FromMinutes(1) : lifetime;

    private void Trim()
    {
        foreach ((string domain, Entry entry) in _entries)
        {
            if (IsOver(entry))
            {
                _entries.TryRemove(domain, out _);
            }
        }

        if (_entries.Count >= _capacity)
        {
            _entries.Clear();
        }
    }

    private sealed class Entry(Lazy<Task<Resolution>> lookup, long asked)
    {
        internal Task<Resolution> Lookup => lookup.Value;

        internal long Asked => asked;
    }
}
