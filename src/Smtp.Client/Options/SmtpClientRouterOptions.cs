namespace Smtp.Client;

/// <summary>How an <see cref="SmtpClientRouter{TDestination}"/> keeps its clients.</summary>
public sealed class SmtpClientRouterOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>
    /// How many clients are kept that nothing is being sent with; 1000 by default. Of more, those that were used longest ago are closed. A
    /// client without connections costs a few kilobytes.
    /// </summary>
    public int MaximumIdleClients
    {
        get;
        init => field = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaximumIdleClients), value, "MaximumIdleClients is at least 0.");
    }
    = 1000;

    /// <summary>A client that nothing was sent with for so long is closed; over 0 and at most a day, 2 minutes by default.</summary>
    public TimeSpan ClientIdleTimeout
    {
        get;
        init => field = value > TimeSpan.Zero && value <= Longest
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ClientIdleTimeout), value, "ClientIdleTimeout is over 0 and at most a day.");
    }
    = TimeSpan.FromMinutes(2);

    /// <summary>The clock; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
