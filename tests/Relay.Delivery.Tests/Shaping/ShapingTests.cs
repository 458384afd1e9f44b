using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace Relay.Delivery.Tests;

public sealed class ShapingTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_limit_of_N_moves_by_one_with_N_in_a_row()
    {
        var limit = new AdaptiveLimit(5, 20);
        for (int i = 0; i < 6; i++)
        {
            limit.OnSuccess();
        }

        Assert.Equal(6, limit.Value);
        for (int i = 0; i < 1000; i++)
        {
            limit.OnSuccess();
        }

        Assert.Equal(20, limit.Value);
        for (int i = 0; i < 1000; i++)
        {
            limit.OnFailure();
        }

        Assert.Equal(1, limit.Value);
        Assert.Equal(3, new AdaptiveLimit(10, 3).Value);
    }

    [Property]
    public bool A_limit_stays_between_one_and_its_maximum(bool[] outcomes, byte maximum)
    {
        var limit = new AdaptiveLimit(5, Math.Max(1, (int)maximum));
        foreach (bool good in outcomes)
        {
            if (good)
            {
                limit.OnSuccess();
            }
            else
            {
                limit.OnFailure();
            }

            if (limit.Value < 1 || limit.Value > Math.Max(1, (int)maximum))
            {
                return false;
            }
        }

        return true;
    }

    [Fact]
    public void A_pace_spaces_messages_evenly_and_allows_its_burst_once()
    {
        var pacer = new Pacer(_time);
        Assert.Equal([0, 0, 0, 100, 200], Enumerable.Range(0, 5).Select(_ => Math.Round(pacer.Take(10, 3).TotalMilliseconds)));

        // What was promised is kept; and after a long rest the burst is there again, and no more.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal([0, 0, 0, 100], Enumerable.Range(0, 4).Select(_ => Math.Round(pacer.Take(10, 3).TotalMilliseconds)));
    }

    [Fact]
    public void A_failing_site_rests_longer_each_time_is_probed_once_and_starts_anew_when_it_works()
    {
        var shaping = new ShapingSettings();
        var backoff = new SiteBackoff(_time);
        double[] rests = new double[7];
        for (int i = 0; i < rests.Length; i++)
        {
            backoff.OnFailure(shaping, "no answer", new Random(1));
            Assert.Equal(SiteState.Resting, backoff.State);
            Assert.False(backoff.TryWake());
            rests[i] = backoff.Remaining.TotalMinutes;
            _time.Advance(backoff.Remaining + TimeSpan.FromTicks(1));
            Assert.True(backoff.TryWake());
            Assert.Equal(SiteState.Probing, backoff.State);
        }

        double[] expected = [1, 2, 4, 8, 16, 30, 30];
        for (int i = 0; i < rests.Length; i++)
        {
            Assert.InRange(rests[i], expected[i] * 0.9, expected[i] * 1.1);
        }

        Assert.True(backoff.OnSuccess());
        Assert.Equal(SiteState.Open, backoff.State);
        backoff.OnFailure(shaping, "no answer", new Random(1));
        Assert.InRange(backoff.Remaining.TotalMinutes, 0.9, 1.1);
    }

    [Fact]
    public void An_operators_wish_ends_a_rest_for_failures_once_and_none_that_was_ordered()
    {
        var backoff = new SiteBackoff(_time);
        backoff.OnFailure(new ShapingSettings(), "down", new Random(1));
        backoff.Probe();
        Assert.Equal(SiteState.Resting, backoff.State);
        _time.Advance(TimeSpan.FromSeconds(6));
        backoff.Probe();
        Assert.Equal(SiteState.Probing, backoff.State);
        backoff.OnFailure(new ShapingSettings(), "down", new Random(1));
        backoff.Probe();
        Assert.Equal(SiteState.Resting, backoff.State);
        backoff.Rest(TimeSpan.FromHours(2), "they asked", isOrdered: true);
        _time.Advance(TimeSpan.FromHours(1));
        backoff.Probe();
        Assert.Equal(SiteState.Resting, backoff.State);
    }

    [Fact]
    public void A_rest_is_never_cut_short_by_a_shorter_one()
    {
        var backoff = new SiteBackoff(_time);
        backoff.Rest(TimeSpan.FromHours(2), "blocked");
        backoff.OnFailure(new ShapingSettings(), "no answer", new Random(1));
        Assert.Equal(TimeSpan.FromHours(2), backoff.Remaining);
        Assert.Equal("blocked", backoff.Reason);
    }

    [Fact]
    public void Of_all_ranks_the_highest_gets_most_and_the_lowest_some()
    {
        var queue = new FairQueue<int>();
        for (int i = 0; i < 100; i++)
        {
            for (int rank = 0; rank < 4; rank++)
            {
                queue.Add(rank, rank);
            }
        }

        var first = new List<int>();
        for (int i = 0; i < 150; i++)
        {
            Assert.True(queue.TryTake(out int rank));
            first.Add(rank);
        }

        Assert.Equal([10, 20, 40, 80], Enumerable.Range(0, 4).Select(r => first.Count(f => f == r)));
        Assert.Equal(250, queue.Count);
    }

    [Property]
    public bool A_queue_gives_out_all_that_was_put_in_in_order_of_each_rank(byte[] ranks)
    {
        var queue = new FairQueue<(int Rank, int Number)>();
        for (int i = 0; i < ranks.Length; i++)
        {
            queue.Add((ranks[i] % 4, i), ranks[i] % 4);
        }

        var taken = new List<(int Rank, int Number)>();
        while (queue.TryTake(out (int, int) item))
        {
            taken.Add(item);
        }

        return taken.Count == ranks.Length
            && Enumerable.Range(0, 4).All(r => taken.Where(t => t.Rank == r).Select(t => t.Number).SequenceEqual(taken.Where(t => t.Rank == r).Select(t => t.Number).Order()));
    }
}
