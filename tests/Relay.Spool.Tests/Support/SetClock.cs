using Microsoft.Extensions.Time.Testing;

namespace Relay.Spool.Tests;

/// <summary>A system whose clock somebody sets, forward or back, while time itself goes on as it does: timers and timestamps follow time.</summary>
internal sealed class SetClock(FakeTimeProvider time) : TimeProvider
{
    /// <summary>How far the clock is off.</summary>
    internal TimeSpan Off { get; set; }

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Off;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}
