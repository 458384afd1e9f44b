using System.Runtime.InteropServices;

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

    /// <summary>The groups to tell, of those that there are; null for all.</summary>
    public IReadOnlyCollection<string>? Groups { get; init; }

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
                (false, true, true) => FigureKind.SenderAndRecipient,
                (false, true, false) => FigureKind.Recipient,
                (false, false, true) => FigureKind.Sender,
                _ => FigureKind.Total,
            };
        }
    }

    /// <summary>How many steps of time the answer has for each group.</summary>
    internal long Steps
    {
        get
        {
            long length = Length(Finest);
            return Interval == FigureInterval.None ? 1
                : Interval == FigureInterval.Day ? (Up(To, SecondsOfDay) - Down(From, SecondsOfDay)) / SecondsOfDay
                : (Up(To, length) - Down(From, length)) / length;
        }
    }

    /// <summary>The times to read, each in the coarsest grain that fits and that the answer's steps allow.</summary>
    /// <param name="daysUntil">Up to where days and what is longer are summed up: the first second of a day, Unix.</param>
    internal IEnumerable<(FigureGrain Grain, long[] Starts)> Times(long daysUntil)
    {
        FigureGrain[] grains = Interval switch
        {
            FigureInterval.Minute => [FigureGrain.Minute],
            FigureInterval.Hour => [FigureGrain.Hour],
            FigureInterval.Day => [FigureGrain.Day, FigureGrain.Hour],
            _ => [FigureGrain.SixteenDays, FigureGrain.FourDays, FigureGrain.Day, FigureGrain.Hour],
        };
        long end = Up(To, Length(Finest));
        Dictionary<FigureGrain, List<long>> starts = [];
        for (long time = Down(From, Length(Finest)); time < end;)
        {
            FigureGrain grain = Array.Find(grains, g => g == Finest || (time % Length(g) == 0 && time + Length(g) <= Math.Min(end, daysUntil)));
            (CollectionsMarshal.GetValueRefOrAddDefault(starts, grain, out _) ??= []).Add(time);
            time += Length(grain);
        }

        return starts.Select(grain => (grain.Key, grain.Value.ToArray()));
    }

    /// <summary>How long a grain is, in seconds.</summary>
    internal static long Length(FigureGrain grain) => grain switch
    {
        FigureGrain.Minute => SecondsOfMinute,
        FigureGrain.Hour => SecondsOfHour,
        FigureGrain.Day => SecondsOfDay,
        FigureGrain.FourDays => SecondsOfDay * 4,
        _ => SecondsOfDay * 16,
    };

    private FigureGrain Finest => Interval == FigureInterval.Minute ? FigureGrain.Minute : FigureGrain.Hour;

    private static long Down(DateTimeOffset time, long length) => time.ToUnixTimeSeconds() / length * length;

    private static long Up(DateTimeOffset time, long length) => (time.ToUnixTimeSeconds() + length - 1) / length * length;
}
