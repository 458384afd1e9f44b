namespace Relay.Durability.Tests;

/// <summary>A system clock that somebody sets, forward or back; timers and timestamps go on as they do.</summary>
internal sealed class SetClock : TimeProvider
{
    private long _off;

    /// <summary>How far it is off.</summary>
    internal TimeSpan Off
    {
        get => new(Interlocked.Read(ref _off));
        set => Interlocked.Exchange(ref _off, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Off;
}
