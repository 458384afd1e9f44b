namespace Smtp.Client;

/// <summary>
/// One deadline that is moved often and expires seldom. Moving it only writes a number; the timer behind it is set anew when it fires
/// too early, or when a deadline is nearer than the one it waits for.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly TimeProvider _timeProvider;
    private readonly Action _onExpired;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private long _due = Never;
    private long _armedFor = Never;

    /// <summary>Begins without a deadline.</summary>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="onExpired">Called once for a deadline that passes, on a thread of the clock's.</param>
    internal Deadline(TimeProvider timeProvider, Action onExpired)
    {
        _timeProvider = timeProvider;
        _onExpired = onExpired;
        _timer = timeProvider.CreateTimer(static state => ((Deadline)state!).OnTick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Moves the deadline.</summary>
    /// <param name="timeout">From now; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    internal void Set(TimeSpan timeout)
    {
        lock (_lock)
        {
            _due = timeout == Timeout.InfiniteTimeSpan ? Never : _timeProvider.GetTimestamp() + ToTicks(timeout);
            if (_due < _armedFor)
            {
                _armedFor = _due;
                _timer.Change(timeout, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>There is no deadline until the next <see cref="Set"/>.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            _due = Never;
        }
    }

    private void OnTick()
    {
        lock (_lock)
        {
            _armedFor = Never;
            if (_due == Never)
            {
                return;
            }

            long now = _timeProvider.GetTimestamp();
            if (now < _due)
            {
                // A millisecond more, so that a coarse timer does not fire again just before.
                _armedFor = _due;
                _timer.Change(_timeProvider.GetElapsedTime(now, _due) + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                return;
            }

            _due = Never;
        }

        _onExpired();
    }

    private long ToTicks(TimeSpan timeout) => (long)(timeout.TotalSeconds * _timeProvider.TimestampFrequency);
}
