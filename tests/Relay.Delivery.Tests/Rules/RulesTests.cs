using Relay.Spool;

namespace Relay.Delivery.Tests;

/// <summary>What rules make of what hosts say.</summary>
public sealed class RulesTests
{
    [Fact]
    public async Task A_rule_bounces_what_would_be_tried_again_and_defers_what_would_bounce()
    {
        await using var hop = new Hop(Hop.Except("gone@=451 4.3.0 This mailbox has moved to the moon", "blocked@=550 5.7.1 Come back tomorrow"));
        await using var bench = Rules(hop, "text=/to the moon/ => bounce\ncode=550 status=5.7.1 stage=rcpt domain=example.net => defer for 1h\n");
        MessageId id = await bench.EnqueueAsync([NewRecipient.Of("gone@example.net"), NewRecipient.Of("blocked@example.net"), NewRecipient.Of("blocked@example.com")]);
        IReadOnlyList<StoredRecipient> recipients = await bench.UntilAsync(id, r => r.IsFinal || r is { State: RecipientState.Queued, Attempts: 1 });
        Assert.Equal([RecipientState.Bounced, RecipientState.Queued, RecipientState.Bounced], recipients.Select(r => r.State));
        Assert.InRange(recipients[1].NextAttemptAt - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(60));
        Assert.Null(await bench.Spool.Suppressions.FindAsync("gone@example.net", Bench.Cancellation));
        SpoolEvent bounced = (await bench.Spool.EventsAsync(id, Bench.Cancellation)).Single(e => e.Type == SpoolEventType.Bounced && e.RecipientIndex == 0);
        Assert.Equal(BounceClass.Hard, bounced.BounceClass);
    }

    [Fact]
    public async Task A_suspended_site_gets_nothing_and_another_one_does()
    {
        await using var hop = new Hop((_, line) => line.Contains("first@", StringComparison.Ordinal) ? "450 4.7.1 [TS02] Deferred by complaints" : Hop.Usual(line));
        await using var other = new Hop();
        await using var bench = Rules(hop, @"text=/\[TS0[12]\]/ => suspend for 2h", other);
        MessageId first = await bench.EnqueueAsync("first@example.net");
        Assert.True(Assert.Single(await bench.UntilAsync(first, r => r is { State: RecipientState.Queued, Attempts: 1 })).NextAttemptAt - DateTimeOffset.UtcNow > TimeSpan.FromMinutes(119));
        MessageId second = await bench.EnqueueAsync("second@example.net");
        MessageId third = await bench.EnqueueAsync("third@other.example");
        StoredRecipient deferred = Assert.Single(await bench.UntilAsync(second, r => r is { State: RecipientState.Queued, Attempts: 1 }));
        Assert.Contains("by the rule of line 1", deferred.LastReply.Text, StringComparison.Ordinal);
        Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(third)).State);
        Assert.Empty(hop.Taken);
        Assert.Equal(1, hop.Connections);
    }

    [Fact]
    public async Task A_suspension_survives_a_restart()
    {
        await using var hop = new Hop((_, line) => line.Contains("first@", StringComparison.Ordinal) ? "450 4.7.1 [TS02] Deferred by complaints" : Hop.Usual(line));
        await using var bench = Rules(hop, @"text=/\[TS0[12]\]/ => suspend for 2h");
        MessageId first = await bench.EnqueueAsync("first@example.net");
        await bench.UntilAsync(first, r => r is { State: RecipientState.Queued, Attempts: 1 });

        await bench.RestartAsync();
        MessageId second = await bench.EnqueueAsync("second@example.net");
        StoredRecipient deferred = Assert.Single(await bench.UntilAsync(second, r => r is { State: RecipientState.Queued, Attempts: 1 }));
        Assert.Contains("by the rule of line 1", deferred.LastReply.Text, StringComparison.Ordinal);
        Assert.InRange(deferred.NextAttemptAt - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(110), TimeSpan.FromMinutes(121));
        Assert.Equal(1, hop.Connections);
    }

    [Fact]
    public async Task A_site_that_is_slowed_gets_fewer_connections()
    {
        using var gate = new SemaphoreSlim(0);
        await using var hop = new Hop((_, line) =>
        {
            if (line == "end")
            {
                Assert.True(gate.Wait(TimeSpan.FromSeconds(30)));
            }

            return line.Contains("first@", StringComparison.Ordinal) ? "450 4.7.1 Too fast for us" : Hop.Usual(line);
        });
        await using var bench = Rules(hop, "text=/too fast/ => connections 1 for 1h, defer for 1h");
        MessageId first = await bench.EnqueueAsync("first@example.net");
        await bench.UntilAsync(first, r => r is { State: RecipientState.Queued, Attempts: 1 });
        MessageId[] rest = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => bench.EnqueueAsync($"r{i}@example.net")));
        gate.Release(100);
        foreach (MessageId id in rest)
        {
            await bench.UntilDoneAsync(id);
        }

        Assert.Equal(12, hop.Taken.Count);
        Assert.Equal(1, hop.MostOpen);
    }

    [Fact]
    public async Task A_failure_to_connect_fits_rules_too()
    {
        await using var hop = new Hop((_, line) => line == "greeting" ? "554 5.7.1 Your network is on our list" : Hop.Usual(line));
        await using var bench = Rules(hop, "stage=greeting code=554 => bounce");
        MessageId id = await bench.EnqueueAsync("bob@example.net");
        StoredRecipient recipient = Assert.Single(await bench.UntilDoneAsync(id));
        Assert.Equal((RecipientState.Bounced, 554), (recipient.State, recipient.LastReply.Code));
    }

    private static Bench Rules(Hop hop, string rules, Hop? other = null)
    {
        var bench = new Bench((s, folder) =>
        {
            File.WriteAllText(folder["rules"], rules);
            return s with
            {
                NextHop = Bench.To(hop),
                RulesPath = folder["rules"],
                StorePath = folder["delivery.db"],
                Routes = other is null ? s.Routes : new Dictionary<string, RouteSettings> { ["other.example"] = Bench.To(other) },
            };
        });
        bench.Service.Start();
        return bench;
    }
}
