namespace Relay.Delivery;

/// <summary>When a deferred message is tried again, and when it is given up (RFC 5321 §4.5.4.1).</summary>
public sealed record RetrySchedule
{
    /// <summary>The wait behind the first attempt; 5 minutes by default. Doubles with each attempt.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest wait; 4 hours by default.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromHours(4);

    /// <summary>How far a wait is moved at random, either way, so that what failed together does not come back together; 0.2 by default, 0 to 0.5.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>How old a message may become before it is given up; 5 days by default.</summary>
    public TimeSpan MaximumAge { get; init; } = TimeSpan.FromDays(5);

    /// <summary>At which age a sender who wants to know is told of the delay; 4 hours by default.</summary>
    public TimeSpan DelayNotice { get; init; } = TimeSpan.FromHours(4);

    /// <summary>
    /// How many attempts there must have been before age alone gives a message up: half of those that fit into <see cref="MaximumAge"/>, 1 to 12. A clock
    /// that is set a year ahead, or a relay that was off for a week, gives nobody's mail up at once.
    /// </summary>
    public int MinimumAttempts
    {
        get
        {
            TimeSpan at = TimeSpan.Zero;
            int attempts = 1;
            while (attempts < 24 && (at += Plain(attempts)) < MaximumAge)
            {
                attempts++;
            }

            return Math.Clamp(attempts / 2, 1, 12);
        }
    }

    /// <summary>The wait before the next attempt.</summary>
    /// <param name="attempts">How many there were, at least 1.</param>
    /// <param name="random">Where the jitter comes from.</param>
    public TimeSpan Next(int attempts, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return Plain(attempts) * (1 + (((random.NextDouble() * 2) - 1) * Jitter));
    }

    /// <summary>Whether a message is to be given up.</summary>
    /// <param name="age">Since it was accepted. Negative where a clock was set back.</param>
    /// <param name="attempts">How many there were, the one that just failed included.</param>
    public bool IsOver(TimeSpan age, int attempts) => age >= MaximumAge && attempts >= MinimumAttempts;

    private TimeSpan Plain(int attempts)
    {
        double factor = Math.Pow(2, Math.Clamp(attempts - 1, 0, 40));
        return First.Ticks * factor >= Longest.Ticks ? Longest : First * factor;
    }
}
