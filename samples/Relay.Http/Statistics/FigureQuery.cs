namespace Relay.Http;

/// <summary>Which figures are asked for.</summary>
internal sealed record FigureQuery
{
    internal const long SecondsOfMinute = 60;
    internal const long SecondsOfHour = 3600;
    internal const long SecondsOfDay = 86400;

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

    /// <summary>Which sums answer it: the coarsest.</summary>
    internal FigureKind Kind
    {
        get
        {
            bool byRecipient = RecipientDomain is not null || GroupBy == FigureGrouping.RecipientDomain;
            bool bySender = SenderDomain is not null || GroupBy == FigureGrouping.SenderDomain;
            return (Tag is not null || GroupBy == FigureGrouping.Tag, byRecipient, bySender) switch
            {
                (true, true, _) => FigureKind.TagAndRecipient,
                (true, false, _) => FigureKind.Tag,
                (false, true, true) => FigureKind.RecipientAndSender,
                (false, true, false) => FigureKind.Recipient,
                (false, false, true) => FigureKind.Sender,
                _ => FigureKind.Total,
            };
        }
    }

    /// <summary>The spans of time to read, each in the coarsest grain that fits: whole days as days, the rest as hours.</summary>
    /// <param name="daysUntil">Up to where days are summed up: the first second of a day, Unix.</param>
    internal IEnumerable<(FigureGrain Grain, long From, long To)> Spans(long daysUntil)
    {
        if (Interval == FigureInterval.Minute)
        {
            yield return (FigureGrain.Minute, Down(From, SecondsOfMinute), Up(To, SecondsOfMinute));
            yield break;
        }

        long from = Down(From, SecondsOfHour);
        long to = Up(To, SecondsOfHour);
        long firstDay = (from + SecondsOfDay - 1) / SecondsOfDay * SecondsOfDay;
        long lastDay = Math.Min(to / SecondsOfDay * SecondsOfDay, daysUntil);
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
