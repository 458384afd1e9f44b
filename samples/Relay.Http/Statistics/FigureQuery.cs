namespace Relay.Http;

/// <summary>Which figures are asked for.</summary>
internal sealed record FigureQuery
{
    private const long SecondsOfMinute = 60;
    private const long SecondsOfHour = 3600;
    private const long SecondsOfDay = 86400;

    /// <summary>From the hour (or minute) that holds this time.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Up to the hour (or minute) that holds this time, and with it unless it is its first second.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>A tag; null for all messages.</summary>
    public string? Tag { get; init; }

    /// <summary>A sender domain; null for all.</summary>
    public string? SenderDomain { get; init; }

    /// <summary>A recipient domain; null for all.</summary>
    public string? RecipientDomain { get; init; }

    /// <summary>What to group by.</summary>
    public FigureGrouping GroupBy { get; init; }

    /// <summary>The steps of time.</summary>
    public FigureInterval Interval { get; init; }

    /// <summary>The spans of time to read, each in the coarsest grain that fits: whole days as days, the rest as hours.</summary>
    internal IEnumerable<(FigureGrain Grain, long From, long To)> Spans()
    {
        if (Interval == FigureInterval.Minute)
        {
            yield return (FigureGrain.Minute, Down(From, SecondsOfMinute), Up(To, SecondsOfMinute));
            yield break;
        }

        long from = Down(From, SecondsOfHour);
        long to = Up(To, SecondsOfHour);
        long firstDay = (from + SecondsOfDay - 1) / SecondsOfDay * SecondsOfDay;
        long lastDay = to / SecondsOfDay * SecondsOfDay;
        if (Interval == FigureInterval.Hour || firstDay >= lastDay)
        {
            yield return (FigureGrain.Hour, from, to);
            yield break;
        }

        if (from < firstDay)
        {
            yield return (FigureGrain.Hour, from, firstDay);
        }

        yield return (FigureGrain.Day, firstDay, lastDay);
        if (lastDay < to)
        {
            yield return (FigureGrain.Hour, lastDay, to);
        }
    }

    private static long Down(DateTimeOffset time, long length) => time.ToUnixTimeSeconds() / length * length;

    private static long Up(DateTimeOffset time, long length) => (time.ToUnixTimeSeconds() + length - 1) / length * length;
}
