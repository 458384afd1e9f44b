using Microsoft.Extensions.Time.Testing;
using Smtp.Interop;

namespace Relay.Spool.Tests;

/// <summary>Clocks that are set forward and back, while the queue runs and while it does not.</summary>
public sealed class ClockTests : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly SetClock _clock;
    private readonly LogLines _log = new();
    private readonly TestSpool _spool;

    public ClockTests()
    {
        _clock = new SetClock(_time);
        _spool = new TestSpool(o => o with { TimeProvider = _clock, Logger = _log });
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(365)]
    [InlineData(-1)]
    [InlineData(-365)]
    public async Task A_clock_that_is_set_while_the_queue_runs_makes_nothing_due_and_stops_nothing(int days)
    {
        await DeferAsync();
        _clock.Off = TimeSpan.FromDays(days);

        _time.Advance(Wait * 0.9);
        Assert.Empty(await _spool.LeaseAsync());
        MessageId fresh = await _spool.EnqueueAsync("c@example.org");
        Assert.Equal(fresh, (await _spool.LeaseOneAsync()).Message.Id);

        // The queue's clock follows by a twentieth of the time that passes.
        _time.Advance(Wait * 0.2);
        Assert.Equal("example.net", (await _spool.LeaseOneAsync()).Destination);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-365)]
    public async Task A_clock_that_is_set_back_while_nobody_runs_makes_nothing_wait_longer(int days)
    {
        await DeferAsync();
        MessageId waiting = await _spool.EnqueueAsync("w@example.org");
        MessageId scheduled = await ScheduleAsync(_clock.GetUtcNow().AddHours(1));
        _clock.Off = TimeSpan.FromDays(days);
        _spool.Reopen();

        // What was due is due, what waited waits as long as it had to, and what was scheduled is at its time.
        Assert.Equal(waiting, (await _spool.LeaseOneAsync()).Message.Id);
        Assert.Contains(_log.Lines, l => l.Contains("as if it had been set back: 2 waiting", StringComparison.Ordinal));
        MessageId fresh = await _spool.EnqueueAsync("c@example.org");
        Assert.True(fresh.CompareTo(waiting) > 0);
        Assert.Equal(fresh, (await _spool.LeaseOneAsync()).Message.Id);
        _time.Advance(Wait * 0.9);
        Assert.Empty(await _spool.LeaseAsync());
        _time.Advance(Wait * 0.1);
        Assert.Equal("example.net", (await _spool.LeaseOneAsync()).Destination);
        Assert.Equal(RecipientState.Scheduled, (await _spool.RecipientAsync(scheduled)).State);
    }

    [Fact]
    public async Task A_restart_at_the_right_time_moves_nothing()
    {
        MessageId id = await DeferAsync();
        DateTimeOffset next = (await _spool.RecipientAsync(id)).NextAttemptAt;
        _time.Advance(TimeSpan.FromMinutes(1));

        _spool.Reopen();

        Assert.Equal(next, (await _spool.RecipientAsync(id)).NextAttemptAt);
        Assert.Empty(await _spool.LeaseAsync());
        Assert.DoesNotContain(_log.Lines, l => l.Contains("set back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_a_year_in_which_nobody_ran_all_is_due_and_given_out_as_there_is_room()
    {
        for (int i = 0; i < 30; i++)
        {
            await DeferAsync();
        }

        _clock.Off = TimeSpan.FromDays(365);
        _spool.Reopen();

        IReadOnlyList<Lease> leases = await _spool.LeaseAsync(50, (_, _) => 5);
        Assert.Equal(5, leases.Count);
        Assert.All(leases, l => Assert.Equal(1, l.Recipients[0].Attempts));
        Assert.Empty(await _spool.LeaseAsync(50, (_, _) => 0));
        Assert.Equal(25, (await _spool.LeaseAsync()).Count);
    }

    public void Dispose() => _spool.Dispose();

    private async Task<MessageId> DeferAsync()
    {
        MessageId id = await _spool.EnqueueAsync("b@example.net");
        await _spool.CompleteAsync(await _spool.LeaseOneAsync(), RecipientState.Queued, _clock.GetUtcNow() + Wait);
        return id;
    }

    private async Task<MessageId> ScheduleAsync(DateTimeOffset at)
    {
        NewMessage message = _spool.Message(f => f with { ScheduledAt = at }, "x\r\n", "s@example.org");
        await _spool.Spool.EnqueueAsync(message, Token);
        return message.Id;
    }
}
