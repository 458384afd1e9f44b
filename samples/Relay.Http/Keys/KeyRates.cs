using System.Threading.RateLimiting;

namespace Relay.Http;

/// <summary>Requests a second for each key: a bucket that holds two seconds' worth. A message of a batch counts as a request.</summary>
/// <param name="perSecond">The rate of keys that have none of their own.</param>
internal sealed class KeyRates(int perSecond) : IDisposable
{
    private readonly PartitionedRateLimiter<ApiKey> _limiter = PartitionedRateLimiter.Create<ApiKey, (string, int)>(key =>
        RateLimitPartition.GetTokenBucketLimiter((key.Id, key.PerSecond ?? perSecond), static partition => new TokenBucketRateLimiterOptions
        {
            TokenLimit = partition.Item2 * 2,
            TokensPerPeriod = Math.Max(1, partition.Item2 / 10),
            ReplenishmentPeriod = partition.Item2 >= 10 ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(1.0 / partition.Item2),
            QueueLimit = 0,
        }));

    /// <summary>Takes requests from a key's bucket.</summary>
    /// <param name="key">The key.</param>
    /// <param name="requests">How many; no more than the bucket can hold are taken.</param>
    /// <returns>Null if they may go on, else the time after which to try again.</returns>
    internal TimeSpan? Take(ApiKey key, int requests = 1)
    {
        using RateLimitLease lease = _limiter.AttemptAcquire(key, Math.Clamp(requests, 1, (key.PerSecond ?? perSecond) * 2));
        if (lease.IsAcquired)
        {
            return null;
        }

        return lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan after) ? after : TimeSpan.FromSeconds(1);
    }

    /// <summary>Gives the buckets back.</summary>
    public void Dispose() => _limiter.Dispose();
}
