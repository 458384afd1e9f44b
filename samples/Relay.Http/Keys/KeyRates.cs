using System.Collections.Concurrent;

namespace Relay.Http;

/// <summary>
/// Requests a second for each key (GCRA): two seconds' worth may come at once. A message of a batch counts as a request; a batch that is larger than what is
/// left is taken whole, and what it took too much is waited for before the next request, so that batches are no way around the rate.
/// </summary>
/// <param name="perSecond">The rate of keys that have none of their own.</param>
/// <param name="time">The clock.</param>
internal sealed class KeyRates(int perSecond, TimeProvider time)
{
    private const double BurstSeconds = 2;

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Takes requests from a key's bucket.</summary>
    /// <param name="key">The key.</param>
    /// <param name="requests">How many.</param>
    /// <returns>Null if they may go on, else the time after which to try again.</returns>
    internal TimeSpan? Take(ApiKey key, int requests = 1)
    {
        int rate = key.PerSecond ?? perSecond;
        Bucket bucket = _buckets.GetOrAdd(key.Id, static _ => new Bucket());
        double now = time.GetElapsedTime(0).TotalSeconds;
        lock (bucket)
        {
            // Full again at this time: a request moves it by its share of a second.
            double full = Math.Max(bucket.FullAt, now);
            double excess = full - now + (1.0 / rate) - BurstSeconds;
            if (excess > 1e-9)
            {
                return TimeSpan.FromSeconds(excess);
            }

            bucket.FullAt = full + ((double)requests / rate);
            return null;
        }
    }

    private sealed class Bucket
    {
        internal double FullAt { get; set; }
    }
}
