namespace Smtp.Client;

/// <summary>
/// One timer for the upkeep of many pools. It does not keep them alive: a client that was forgotten rather than disposed is collected.
/// </summary>
internal sealed class MaintenanceTimer : IDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly List<WeakReference<IMaintained>> _maintained = [];
    private readonly ITimer _timer;

    /// <summary>Begins to tick.</summary>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="period">How often.</param>
    internal MaintenanceTimer(TimeProvider timeProvider, TimeSpan period) =>
        _timer = timeProvider.CreateTimer(static state => OnTick((WeakReference<MaintenanceTimer>)state!), new WeakReference<MaintenanceTimer>(this), period, period);

    /// <summary>A quarter of what is to be kept, as in SocketsHttpHandler; from 1 to 15 s.</summary>
    internal static TimeSpan PeriodFor(TimeSpan timeout)
    {
        TimeSpan period = timeout == Timeout.InfiniteTimeSpan ? LongestPeriod : timeout / 4;
        return period < Shortest ? Shortest : period > LongestPeriod ? LongestPeriod : period;
    }

    public void Dispose() => _timer.Dispose();

    internal void Add(IMaintained maintained)
    {
        lock (_lock)
        {
            _maintained.Add(new WeakReference<IMaintained>(maintained));
        }
    }

    internal void Remove(IMaintained maintained)
    {
        lock (_lock)
        {
            _maintained.RemoveAll(reference => !reference.TryGetTarget(out IMaintained? target) || ReferenceEquals(target, maintained));
        }
    }

    private static void OnTick(WeakReference<MaintenanceTimer> reference)
    {
        if (!reference.TryGetTarget(out MaintenanceTimer? timer))
        {
            return;
        }

        WeakReference<IMaintained>[] all;
        lock (timer._lock)
        {
            all = [.. timer._maintained];
        }

        foreach (WeakReference<IMaintained> one in all)
        {
            if (one.TryGetTarget(out IMaintained? maintained))
            {
                maintained.Maintain();
            }
        }
    }
}
