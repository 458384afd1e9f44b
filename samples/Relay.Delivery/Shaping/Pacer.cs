namespace Relay.Delivery;

/// <summary>
/// Spaces messages evenly (GCRA): a counter per window would let a window's worth go at once and then nothing. Only elapsed time counts. Not thread-safe.
/// </summary>
internal sealed class Pacer(TimeProvider time)
{
    private long _free = time.GetTimestamp();

    /// <summary>Takes the next place.</summary>
    /// <param name="perSecond">The pace.</param>
    /// <param name="burst">How many may go at once.</param>
    /// <returns>How long to wait until it comes; zero for at once.</returns>
    internal TimeSpan Take(double perSecond, int burst)
    {
        long now = time.GetTimestamp();
        double interval = time.TimestampFrequency / perSecond;
        long tolerance = (long)(interval * (burst - 1));
        long wait = Math.Max(0, _free - tolerance - now);
        _free = Math.Max(now, _free) + (long)interval;
        return TimeSpan.FromSeconds((double)wait / time.TimestampFrequency);
    }
}
