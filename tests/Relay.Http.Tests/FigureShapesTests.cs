using Relay.Spool;

namespace Relay.Http.Tests;

/// <summary>Every question that can be asked of figures, beside an oracle that counts the events one by one.</summary>
public sealed class FigureShapesTests
{
    private static readonly DateTimeOffset Start = new(2026, 9, 13, 5, 0, 0, TimeSpan.Zero);
    private static readonly string[] Tags = ["a", "b", "c"];
    private static readonly string[] Senders = ["s0.example", "s1.example"];
    private static readonly string[] Recipients = ["r0.example", "r1.example", "r2.example", "r3.example"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Seventy days, so that days, four days and sixteen days are read, in every place of a time; some events come when their days are summed up.</summary>
    [Fact]
    public async Task Every_shape_of_question_is_answered_as_counting_one_by_one_does()
    {
        var random = new Random(6);
        await using var temporary = new TemporaryStore();
        var store = new FigureStore(temporary.Store);
        SpoolEvent[] events = [.. Enumerable.Range(1, 3_000).Select(i => Happened(random, i))];
        foreach (SpoolEvent[] some in events.Chunk(500))
        {
            await store.AddAsync(some, Cancellation);
            await store.SumDaysAsync(some.Max(happened => happened.At), Cancellation);
        }

        Check(store, events, random);
        await temporary.ReopenAsync();
        Check(new FigureStore(temporary.Store), events, random);
    }

    private static void Check(FigureStore store, SpoolEvent[] events, Random random)
    {
        foreach (FigureGrouping grouping in Enum.GetValues<FigureGrouping>())
        {
            foreach (FigureInterval interval in (FigureInterval[])[FigureInterval.None, FigureInterval.Hour, FigureInterval.Day])
            {
                for (int filters = 0; filters < 16; filters++)
                {
                    DateTimeOffset from = Start.AddHours(random.Next(70 * 24));
                    var query = new FigureQuery
                    {
                        From = from,
                        To = from.AddHours(random.Next(interval == FigureInterval.Hour ? 200 : 70 * 24)),
                        Tag = (filters & 1) == 0 ? null : Any(random, Tags),
                        SenderDomain = (filters & 2) == 0 ? null : Any(random, Senders),
                        RecipientDomain = (filters & 4) == 0 ? null : Any(random, Recipients),
                        GroupBy = grouping,
                        Interval = interval,
                        Groups = grouping == FigureGrouping.None || (filters & 8) == 0 ? null
                            : grouping == FigureGrouping.Tag ? Tags[1..] : grouping == FigureGrouping.SenderDomain ? Senders[1..] : Recipients[1..],
                    };

                    Assert.Equal(Counted(events, query).OrderBy(row => row.Key), Told(store, query).OrderBy(row => row.Key));
                }
            }
        }
    }

    private static Dictionary<(string, long), (long, long)> Told(FigureStore store, FigureQuery query) => store.Read(query).ToDictionary(
        row => (row.Key.Name ?? string.Empty, row.Key.Start ?? 0), row => (row.Value[FigureCounts.Slot.Delivered], row.Value.Percentile(1)!.Value));

    private static Dictionary<(string, long), (long, long)> Counted(SpoolEvent[] events, FigureQuery query)
    {
        Dictionary<(string, long), (long Count, long Longest)> groups = [];
        foreach (SpoolEvent happened in events)
        {
            MessageFacts message = happened.Message!;
            long length = query.Interval == FigureInterval.Day ? 86_400 : 3_600;
            long second = happened.At.ToUnixTimeSeconds();
            if (second < query.From.ToUnixTimeSeconds() / 3_600 * 3_600 || second >= (query.To.ToUnixTimeSeconds() + 3_599) / 3_600 * 3_600
                || (query.SenderDomain ?? message.SenderDomain) != message.SenderDomain || (query.RecipientDomain ?? happened.Destination) != happened.Destination
                || (query.Tag is { } tag && !message.Tags.Contains(tag)))
            {
                continue;
            }

            IEnumerable<string> names = query.GroupBy switch
            {
                FigureGrouping.Tag => query.Tag is { } only ? [only] : message.Tags,
                FigureGrouping.SenderDomain => [message.SenderDomain],
                FigureGrouping.RecipientDomain => [happened.Destination],
                _ => [string.Empty],
            };
            foreach (string name in names.Where(name => query.Groups is null || query.Groups.Contains(name)))
            {
                (string, long) key = (name, query.Interval == FigureInterval.None ? 0 : second / length * length);
                (long count, long longest) = groups.GetValueOrDefault(key);
                groups[key] = (count + 1, Math.Max(longest, FigureCounts.LatencyOf(FigureCounts.LatencyBucket((long)happened.Latency.TotalMilliseconds))));
            }
        }

        return groups;
    }

    private static SpoolEvent Happened(Random random, int number) => new()
    {
        Id = number,

        // Mostly in the order of time, one in ten anywhere before.
        At = Start.AddMinutes(random.Next(10) == 0 ? random.Next(number * 33 + 1) : number * 33),
        MessageId = default,
        RecipientIndex = 0,
        ForwardPath = "a@example.net",
        Destination = Any(random, Recipients),
        Type = SpoolEventType.Delivered,
        Latency = TimeSpan.FromMilliseconds(random.Next(100_000)),
        Message = new MessageFacts { ReversePath = "x@example.com", SenderDomain = Any(random, Senders), Tags = [.. Tags.Where(_ => random.Next(2) == 0)] },
    };

    private static string Any(Random random, string[] names) => names[random.Next(names.Length)];
}
