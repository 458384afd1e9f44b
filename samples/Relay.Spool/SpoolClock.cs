namespace Relay.Spool;

/// <summary>
/// A clock that does not jump. It starts at the system's time and then goes by the monotonic clock; if the system's time is set while the process runs, it
/// moves towards it by a twentieth of the time that passes. So a clock set a year ahead neither makes every deferred message due at once nor expires it, and
/// one set a day back stops nothing. Timers are the system's.
/// </summary>
internal sealed class SpoolClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _system;
    private DateTimeOffset _now;
    private long _timestamp;

    internal SpoolClock(TimeProvider system)
    {
        _system = system;
        _now = system.GetUtcNow();
        _timestamp = system.GetTimestamp();
    }

    public override TimeZoneInfo LocalTimeZone => _system.LocalTimeZone;

    public override long TimestampFrequency => _system.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            long timestamp = _system.GetTimestamp();
            TimeSpan elapsed = _system.GetElapsedTime(_timestamp, timestamp);
            if (elapsed > TimeSpan.Zero)
            {
                _timestamp = timestamp;
                _now += elapsed;
                TimeSpan off = _system.GetUtcNow() - _now;
                TimeSpan most = elapsed / 20;
                _now += off > most ? most : off < -most ? -most : off;
            }

            return _now;
        }
    }

    public override long GetTimestamp() => _system.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _system.CreateTimer(callback, state, dueTime, period);
}
