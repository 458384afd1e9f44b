namespace Smtp.Server;

/// <summary>
/// A token bucket for each key: so many at once, refilled evenly over a period. What is kept of each is the time at which its bucket is full again. Not thread-safe.
/// </summary>
/// <param name="failures">What a full bucket holds; 0 for buckets that never empty.</param>
/// <param name="period">How long an empty one takes to be full, in milliseconds.</param>
/// <param name="capacity">How many keys are remembered.</param>
internal sealed class FailureBuckets(int failures, long period, int capacity)
{
    // In a finer unit than milliseconds, so that a period need not be a multiple of the failures.
    private const long Unit = 1000;

    private readonly AgingTable _fullAt = new(capacity);
    private readonly long _interval = failures == 0 ? 0 : Math.Max(1, period * Unit / failures);

    /// <summary>How many entries are kept.</summary>
    internal int Count => _fullAt.Count;

    /// <summary>Whether a token is there.</summary>
    internal bool CanTake(UInt128 key, long now) =>
        failures == 0 || !_fullAt.TryGet(key, out long fullAt) || fullAt - (now * Unit) <= _interval * (failures - 1);

    /// <summary>Takes a token, from an empty bucket too.</summary>
    internal void Take(UInt128 key, long now)
    {
        if (failures > 0)
        {
            _fullAt.Set(key, Math.Max(_fullAt.TryGet(key, out long fullAt) ? fullAt : 0, now * Unit) + _interval);
        }
    }

    /// <summary>Puts a token back.</summary>
    internal void Return(UInt128 key)
    {
        if (_fullAt.TryGet(key, out long fullAt))
        {
            _fullAt.Set(key, fullAt - _interval);
        }
    }
}
