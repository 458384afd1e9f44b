using System.Text.Json;
using Relay.Spool;

namespace Relay.Http.Tests;

public sealed class FiguresTests
{
    /// <summary>
    /// 2,000 messages to scripted recipients: every tenth is deferred once and then taken, every fifth bounces, the rest is taken; in the middle, the whole service is
    /// stopped and started.
    /// </summary>
    [Fact]
    public async Task Every_figure_is_what_was_scripted_across_a_restart()
    {
        const int Messages = 2_000;
        await using RunningService service = await RunningService.StartAsync(Scripted);
        await SendAsync(0, Messages / 2);
        await service.RestartAsync();
        await SendAsync(Messages / 2, Messages);

        JsonElement stats = await service.FiguresAsync(string.Empty, body => Settled(body) == Messages);

        JsonElement total = stats.GetProperty("total");
        Assert.Equal(Messages, total.GetProperty("accepted").GetInt64());
        Assert.Equal(Messages / 5, total.GetProperty("bounced_hard").GetInt64());
        Assert.Equal(0, total.GetProperty("bounced_soft").GetInt64());
        Assert.Equal(Messages - (Messages / 5), total.GetProperty("delivered").GetInt64());
        Assert.Equal(Messages / 10, total.GetProperty("deferred").GetInt64());
        Assert.Equal(Messages / 10, total.GetProperty("deferred_recipients").GetInt64());
        Assert.Equal(0.8, total.GetProperty("rates").GetProperty("delivered").GetDouble());

        // Tags t0 to t3, and "all", which each message has too.
        JsonElement byTag = (await service.GetAsync("/v1/stats?group_by=tag")).Body;
        Assert.Equal(Messages, byTag.GetProperty("total").GetProperty("accepted").GetInt64());
        Assert.Equal(
            [("all", Messages), ("t0", Messages / 4), ("t1", Messages / 4), ("t2", Messages / 4), ("t3", Messages / 4)],
            byTag.GetProperty("data").EnumerateArray().Select(row => (row.GetProperty("name").GetString()!, (int)row.GetProperty("accepted").GetInt64())));
        JsonElement byDomain = (await service.GetAsync("/v1/stats?group_by=recipient_domain&tag=t1")).Body;
        Assert.Equal(Messages / 4, byDomain.GetProperty("data").EnumerateArray().Sum(row => row.GetProperty("accepted").GetInt64()));
        foreach (string interval in (string[])["minute", "hour", "day"])
        {
            JsonElement steps = (await service.GetAsync($"/v1/stats?interval={interval}")).Body;
            Assert.Equal(Messages, steps.GetProperty("data").EnumerateArray().Sum(row => row.GetProperty("accepted").GetInt64()));
        }

        // The event log says the same.
        var events = new Dictionary<string, int>();
        string cursor = "0";
        while (true)
        {
            JsonElement page = (await service.GetAsync($"/v1/events?limit=100&cursor={cursor}")).Body;
            cursor = page.GetProperty("next_cursor").GetString()!;
            if (page.GetProperty("data").GetArrayLength() == 0)
            {
                break;
            }

            foreach (JsonElement happened in page.GetProperty("data").EnumerateArray())
            {
                string type = happened.GetProperty("type").GetString()!;
                events[type] = events.GetValueOrDefault(type) + 1;
            }
        }

        Assert.Equal((Messages, Messages * 4 / 5, Messages / 5, Messages / 10), (events["accepted"], events["delivered"], events["bounced"], events["deferred"]));

        async Task SendAsync(int from, int to)
        {
            foreach (int[] group in Enumerable.Range(from, to - from).Chunk(250))
            {
                string items = string.Join(',', group.Select(i =>
                    $$"""{"from":"shop@example.com","to":"u{{i}}@d{{i % 7}}.example","text":"x","tags":["all","t{{i % 4}}"]}"""));
                (_, JsonElement batch) = await service.PostAsync("/v1/messages/batch", $$"""{"messages":[{{items}}]}""");
                Assert.Equal(group.Length, batch.GetProperty("accepted").GetInt32());
            }
        }

        static long Settled(JsonElement body) => body.GetProperty("total").GetProperty("delivered").GetInt64() + body.GetProperty("total").GetProperty("bounced").GetInt64();

        static RecipientOutcome Scripted(Lease lease, StoredRecipient recipient)
        {
            int number = int.Parse(recipient.ForwardPath.AsSpan(1, recipient.ForwardPath.IndexOf('@', StringComparison.Ordinal) - 1), System.Globalization.CultureInfo.InvariantCulture);
            return number % 5 == 4
                ? new RecipientOutcome(recipient.Index, RecipientState.Bounced, new RecipientReply(550, "5.1.1", "No such user", "hop")) { BounceClass = BounceClass.Hard, Reason = "recipient" }
                : number % 10 == 0 && recipient.Attempts == 0
                    ? new RecipientOutcome(recipient.Index, RecipientState.Queued, new RecipientReply(450, "4.2.0", "Later", "hop")) { NextAttemptAt = DateTimeOffset.UtcNow, BounceClass = BounceClass.Soft, Reason = "greylisted" }
                    : RunningService.Delivered(lease, recipient);
        }
    }

    [Fact]
    public async Task Tests_and_simulations_are_not_counted()
    {
        await using RunningService service = await RunningService.StartAsync();
        string test = await service.SubmitAsync("""{"from":"shop@example.com","to":"a@example.net","text":"x","test":true}""");
        string simulated = await service.SubmitAsync("""{"from":"shop@example.com","to":"bounced@simulator.test","text":"x"}""");
        string real = await service.SubmitAsync("""{"from":"shop@example.com","to":"a@example.net","text":"x"}""");
        await service.UntilAsync(test, "delivered");
        await service.UntilAsync(simulated, "bounced");
        await service.UntilAsync(real, "delivered");

        JsonElement stats = await service.FiguresAsync(string.Empty, body => body.GetProperty("total").GetProperty("delivered").GetInt64() >= 1);

        Assert.Equal(1, stats.GetProperty("total").GetProperty("accepted").GetInt64());
        Assert.Equal(0, stats.GetProperty("total").GetProperty("bounced").GetInt64());
    }

    [Fact]
    public void Sums_survive_their_stored_form()
    {
        var counts = new FigureCounts();
        for (int i = 0; i < 1000; i++)
        {
            counts.Add(Happened(SpoolEventType.Delivered, i));
            counts.Add(Happened(SpoolEventType.Accepted, 0));
        }

        var read = new FigureCounts();
        read.AddBytes(counts.ToBytes());
        read.AddBytes(counts.ToBytes());

        Assert.Equal((2000, 2000), (read[FigureCounts.Slot.Delivered], read[FigureCounts.Slot.Accepted]));
        Assert.InRange(read.Percentile(0.5)!.Value, 460, 545);
        Assert.InRange(read.Percentile(0.99)!.Value, 900, 1080);
    }

    [Fact]
    public void Each_latency_is_within_a_twelfth_of_its_bucket()
    {
        int before = -1;
        for (long milliseconds = 0; milliseconds < 10_000_000; milliseconds += 1 + (milliseconds / 50))
        {
            int bucket = FigureCounts.LatencyBucket(milliseconds);
            Assert.True(bucket >= before);
            Assert.InRange(FigureCounts.LatencyOf(bucket), (long)(milliseconds * 11.0 / 12), (long)Math.Ceiling(milliseconds * 13.0 / 12));
            before = bucket;
        }
    }

    [Fact]
    public async Task Days_are_the_sums_of_their_hours_also_of_what_comes_late_and_when_they_are_made_twice()
    {
        await using var temporary = new TemporaryStore();
        var store = new FigureStore(temporary.Store);
        var first = new DateTimeOffset(2026, 11, 20, 3, 30, 0, TimeSpan.Zero);
        await store.AddAsync([At(1, first), At(2, first.AddHours(5)), At(3, first.AddDays(1)), At(4, first.AddDays(2))], TestContext.Current.CancellationToken);
        await CheckAsync([2, 1, 1]);

        await store.SumDaysAsync(first.AddDays(2), TestContext.Current.CancellationToken);
        await CheckAsync([2, 1, 1]);
        await store.SumDaysAsync(first.AddDays(2), TestContext.Current.CancellationToken);
        await store.AddAsync([At(5, first.AddHours(1))], TestContext.Current.CancellationToken);
        await CheckAsync([3, 1, 1]);
        await temporary.ReopenAsync();
        store = new FigureStore(temporary.Store);
        await store.SumDaysAsync(first.AddDays(4), TestContext.Current.CancellationToken);
        await CheckAsync([3, 1, 1]);
        Assert.Equal(5, store.Cursor());

        Task CheckAsync(long[] days)
        {
            foreach (FigureGrouping grouping in Enum.GetValues<FigureGrouping>())
            {
                Dictionary<FigureGroup, FigureCounts> rows = store.Read(new FigureQuery
                {
                    From = new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.Zero),
                    To = new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero),
                    GroupBy = grouping,
                    Interval = FigureInterval.Day,
                });
                Assert.Equal(days, rows.OrderBy(row => row.Key.Start).Select(row => row.Value[FigureCounts.Slot.Delivered]));
            }

            return Task.CompletedTask;
        }

        static SpoolEvent At(long id, DateTimeOffset time) =>
            Happened(SpoolEventType.Delivered, 5) with { Id = id, At = time, Message = new MessageFacts { ReversePath = "a@example.com", SenderDomain = "example.com", Tags = ["t"] } };
    }

    private static SpoolEvent Happened(SpoolEventType type, int milliseconds) => new()
    {
        Id = 1,
        At = default,
        MessageId = default,
        RecipientIndex = 0,
        ForwardPath = "a@example.net",
        Destination = "example.net",
        Type = type,
        Latency = TimeSpan.FromMilliseconds(milliseconds),
    };
}
