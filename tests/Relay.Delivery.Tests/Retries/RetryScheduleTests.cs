namespace Relay.Delivery.Tests;

public sealed class RetryScheduleTests
{
    [Fact]
    public void Waits_double_from_five_minutes_to_four_hours()
    {
        var schedule = new RetrySchedule { Jitter = 0 };
        double[] minutes = [.. Enumerable.Range(1, 8).Select(n => schedule.Next(n, Random.Shared).TotalMinutes)];
        Assert.Equal([5, 10, 20, 40, 80, 160, 240, 240], minutes);
        Assert.Equal(TimeSpan.FromHours(4), schedule.Next(int.MaxValue, Random.Shared));
    }

    [Fact]
    public void Waits_spread_by_the_jitter_and_no_farther()
    {
        var schedule = new RetrySchedule();
        var random = new Random(3);
        double[] minutes = [.. Enumerable.Range(0, 1000).Select(_ => schedule.Next(1, random).TotalMinutes)];
        Assert.InRange(minutes.Min(), 4, 4.2);
        Assert.InRange(minutes.Max(), 5.8, 6);
    }

    [Fact]
    public void Age_alone_gives_nothing_up()
    {
        var schedule = new RetrySchedule();
        Assert.True(schedule.IsOver(TimeSpan.FromDays(5), 30));
        Assert.False(schedule.IsOver(TimeSpan.FromDays(5) - TimeSpan.FromSeconds(1), 30));

        // The clock was set a year ahead behind the first attempt.
        Assert.False(schedule.IsOver(TimeSpan.FromDays(365), 1));
        Assert.True(schedule.IsOver(TimeSpan.FromDays(365), 12));

        // And back.
        Assert.False(schedule.IsOver(TimeSpan.FromDays(-365), 100));
        Assert.Equal(1, (schedule with { MaximumAge = TimeSpan.FromMinutes(1) }).MinimumAttempts);
    }
}
