namespace Relay.Spool;

/// <summary>What an operator or a sender does to recipients that wait. Those that are being delivered at the moment or are done are left alone.</summary>
public abstract record QueueChange
{
    private QueueChange()
    {
    }

    /// <summary>Tries again at once. Held ones stay held.</summary>
    public sealed record Retry : QueueChange;

    /// <summary>Holds until released.</summary>
    /// <param name="Reason">Why, one line.</param>
    public sealed record Hold(string Reason = "") : QueueChange;

    /// <summary>Ends a hold; due at once, or when scheduled.</summary>
    public sealed record Release : QueueChange;

    /// <summary>Returns to sender, with a notification: the next attempt sends nothing and bounces.</summary>
    /// <param name="Reason">Why, one line.</param>
    public sealed record Bounce(string Reason = "") : QueueChange;

    /// <summary>Takes back, with an event and without a notification.</summary>
    /// <param name="Reason">Why, one line.</param>
    public sealed record Cancel(string Reason = "") : QueueChange;

    /// <summary>Moves to another time; only of what was not tried yet.</summary>
    /// <param name="At">The time.</param>
    public sealed record Reschedule(DateTimeOffset At) : QueueChange;
}
