namespace Relay.Delivery;

/// <summary>
/// Leaves a failing site alone, longer with each failure; then one message is the probe, and not all that waits. By elapsed time, so that a clock that is
/// set ends no rest. Not thread-safe.
/// </summary>
internal sealed class SiteBackoff(TimeProvider time)
{
    // An operator's wish for an attempt makes one probe, however many messages it is about.
    private static readonly TimeSpan BetweenProbes = TimeSpan.FromSeconds(5);

    private long _restsSince;
    private bool _isOrdered;
    private TimeSpan _rest;
    private int _failures;

    /// <summary>How the site does.</summary>
    internal SiteState State { get; private set; }

    /// <summary>Why it rests; empty if it does not.</summary>
    internal string Reason { get; private set; } = string.Empty;

    /// <summary>How long it rests yet.</summary>
    internal TimeSpan Remaining
    {
        get
        {
            TimeSpan left = _rest - time.GetElapsedTime(_restsSince);
            return State != SiteState.Resting || left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    /// <summary>Lets a rest end when its time is over.</summary>
    /// <returns>Whether the site may now be probed.</returns>
    internal bool TryWake()
    {
        if (State == SiteState.Resting && Remaining == TimeSpan.Zero)
        {
            State = SiteState.Probing;
            return true;
        }

        return false;
    }

    /// <summary>An operator wants an attempt: ends a rest for failures that is not quite fresh; not one that a rule ordered, as the receiver asked for it.</summary>
    internal void Probe()
    {
        if (State == SiteState.Resting && !_isOrdered && time.GetElapsedTime(_restsSince) >= BetweenProbes)
        {
            State = SiteState.Probing;
        }
    }

    /// <summary>The site could not be reached.</summary>
    internal void OnFailure(ShapingSettings shaping, string reason, Random random)
    {
        double factor = Math.Pow(2, Math.Min(_failures++, 30));
        TimeSpan rest = shaping.FirstBackoff.Ticks * factor >= shaping.LongestBackoff.Ticks ? shaping.LongestBackoff : shaping.FirstBackoff * factor;

        // A little spread, so that sites that failed together, as the network did, are not probed together.
        Rest(rest * (0.9 + (random.NextDouble() * 0.2)), reason);
    }

    /// <summary>Leaves the site alone for a time. A longer rest that was begun before is never cut short: a computed back-off is not thrown away.</summary>
    /// <param name="rest">How long.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isOrdered">Whether a rule wants it, and not the site's failures.</param>
    internal void Rest(TimeSpan rest, string reason, bool isOrdered = false)
    {
        if (State == SiteState.Resting && Remaining >= rest)
        {
            return;
        }

        State = SiteState.Resting;
        _restsSince = time.GetTimestamp();
        _rest = rest;
        Reason = reason;
        _isOrdered = isOrdered;
    }

    /// <summary>The site works.</summary>
    /// <returns>Whether it did not before.</returns>
    internal bool OnSuccess()
    {
        _failures = 0;
        if (State == SiteState.Probing)
        {
            State = SiteState.Open;
            Reason = string.Empty;
            return true;
        }

        return false;
    }
}
