using Smtp.Interop;
namespace Relay.Spool.Tests;

/// <summary>Recipients whose lane's row is missing or another's, as after a repair of the database: nobody is lost from sight, and nobody goes to a stranger's host.</summary>
public sealed class StrayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_waits_in_a_missing_lane_is_listed_and_due_again_after_a_start()
    {
        var log = new LogLines();
        using var spool = new TestSpool(o => o with { Logger = log });
        MessageId one = await spool.EnqueueAsync("b@example.net");
        MessageId two = await spool.EnqueueAsync("c@example.org", "d@example.net");
        spool.Spool.Dispose();
        Assert.Equal(2, spool.Damage("DELETE FROM lanes"));

        spool.Reopen();

        IReadOnlyList<QueueItem> listed = await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token);
        Assert.Equal([(one, "example.net"), (two, "example.org"), (two, "example.net")], listed.Select(i => (i.Message.Id, i.Recipient.Destination)));
        Assert.Contains(log.Lines, l => l.StartsWith("3 waiting recipients had lost their place", StringComparison.Ordinal));
        IReadOnlyList<Lease> leases = await spool.LeaseAsync();
        Assert.Equal([("example.net", "b@example.net"), ("example.net", "d@example.net"), ("example.org", "c@example.org")],
            leases.Select(l => (l.Destination, Assert.Single(l.Recipients).ForwardPath)).Order());
    }

    [Fact]
    public async Task What_loses_its_lane_while_the_relay_runs_is_listed_at_once_and_due_after_the_upkeep()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net");
        Lease lease = await spool.LeaseOneAsync();
        await spool.CompleteAsync(lease, RecipientState.Queued, spool.Time.GetUtcNow() + TimeSpan.FromHours(1));
        Assert.Equal(2, spool.Damage("DELETE FROM lanes"));

        Assert.Equal("example.net", Assert.Single(await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token)).Recipient.Destination);
        await spool.UpkeepAsync();
        spool.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(id, (await spool.LeaseOneAsync()).Message.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stray_without_its_message_is_set_aside_with_an_event(bool isLeased)
    {
        var log = new LogLines();
        using var spool = new TestSpool(o => o with { Logger = log });
        MessageId id = await spool.EnqueueAsync("b@example.net");
        if (isLeased)
        {
            await spool.LeaseOneAsync();
        }

        spool.Spool.Dispose();
        Assert.Equal(1, spool.Damage("DELETE FROM lanes"));
        Assert.Equal(1, spool.Damage("DELETE FROM messages"));

        spool.Reopen();

        Assert.Equal(RecipientState.Quarantined, Assert.Single(await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token)).Recipient.State);
        Assert.Equal(SpoolEventType.Quarantined, (await spool.Spool.EventsAfterAsync(0, 100, Token))[^1].Type);
        Assert.Contains(log.Lines, l => l.Contains("is quarantined", StringComparison.Ordinal));
        Assert.Equal("Subject: x\r\n\r\nHello\r\n", spool.Aside(id));
    }

    [Fact]
    public async Task A_lane_that_has_become_another_destinations_delivers_nothing_there()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net");
        spool.Spool.Dispose();
        Assert.Equal(1, spool.Damage("UPDATE lanes SET destination = 'example.org'"));

        spool.Reopen();

        Assert.Empty(await spool.LeaseAsync());
        Lease lease = await spool.LeaseOneAsync();
        Assert.Equal((id, "example.net"), (lease.Message.Id, lease.Destination));
    }

    [Fact]
    public async Task What_is_held_in_a_missing_lane_can_be_released()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net");
        Assert.Equal(1, await spool.Spool.ChangeAsync(new QueueFilter(), new QueueChange.Hold(), Token));
        spool.Spool.Dispose();
        Assert.Equal(1, spool.Damage("DELETE FROM lanes"));
        spool.Reopen();

        Assert.Equal(1, await spool.Spool.ChangeAsync(new QueueFilter { MessageId = id }, new QueueChange.Release(), Token));
        await spool.UpkeepAsync();

        Assert.Equal(id, (await spool.LeaseOneAsync()).Message.Id);
    }
}
