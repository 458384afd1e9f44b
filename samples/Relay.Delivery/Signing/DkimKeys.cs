using Microsoft.Extensions.Logging;

namespace Relay.Delivery;

/// <summary>The keys of all domains. A file that changes is loaded again; one that cannot be read then leaves the old key in force.</summary>
public sealed class DkimKeys
{
    // As often as the file's time is looked at; a key is changed days before its record.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile IReadOnlyDictionary<string, Entry[]> _byDomain = new Dictionary<string, Entry[]>();

    /// <summary>Loads all keys.</summary>
    /// <param name="settings">The keys. Several of one domain sign side by side, as rsa-sha256 and ed25519-sha256 do while not all verify the latter.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where keys that cannot be loaded again are told.</param>
    /// <exception cref="DkimKeyException">A key cannot be loaded.</exception>
    public DkimKeys(IReadOnlyList<DkimSettings> settings, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        Replace(settings);
    }

    /// <summary>Takes other keys in place of those so far.</summary>
    /// <exception cref="DkimKeyException">A key cannot be loaded; those so far stay.</exception>
    public void Replace(IReadOnlyList<DkimSettings> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _byDomain = settings
            .Select(s => new Entry(s, DkimKey.Load(s, _time), Stamp(s), _time.GetTimestamp()))
            .GroupBy(e => e.Settings.Domain, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The keys for mail from a domain: its own or the nearest parent's; empty if there are none.</summary>
    internal IReadOnlyList<DkimKey> For(string domain)
    {
        IReadOnlyDictionary<string, Entry[]> keys = _byDomain;
        if (keys.Count == 0)
        {
            return [];
        }

        for (string name = domain; ; name = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            if (keys.TryGetValue(name, out Entry[]? found))
            {
                return Array.ConvertAll(found, Current);
            }

            if (!name.Contains('.', StringComparison.Ordinal))
            {
                return [];
            }
        }
    }

    private DkimKey Current(Entry entry)
    {
        lock (entry)
        {
            if (_time.GetElapsedTime(entry.CheckedAt) >= CheckInterval)
            {
                entry.CheckedAt = _time.GetTimestamp();
                DateTime stamp = Stamp(entry.Settings);
                if (stamp != entry.Stamp)
                {
                    Reload(entry, stamp);
                }
            }

            return entry.Key;
        }
    }

    private void Reload(Entry entry, DateTime stamp)
    {
        try
        {
            entry.Key = DkimKey.Load(entry.Settings, _time);
            entry.Stamp = stamp;
            DeliveryLog.KeyLoaded(_logger, entry.Settings.Domain, entry.Settings.Selector, entry.Settings.KeyPath);
        }
        catch (DkimKeyException error)
        {
            // Half written, perhaps: it is looked at again.
            DeliveryLog.KeyNotLoaded(_logger, entry.Settings.Domain, entry.Settings.Selector, error.Message);
        }
    }

    private static DateTime Stamp(DkimSettings settings) => File.GetLastWriteTimeUtc(settings.KeyPath);

    private sealed class Entry(DkimSettings settings, DkimKey key, DateTime stamp, long checkedAt)
    {
        internal DkimSettings Settings => settings;

        internal DkimKey Key { get; set; } = key;

        internal DateTime Stamp { get; set; } = stamp;

        internal long CheckedAt { get; set; } = checkedAt;
    }
}
