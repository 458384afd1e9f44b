using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Relay.Spool;

namespace Relay.Delivery.Tests;

/// <summary>From which address mail leaves. All of 127.0.0.0/8 is this machine.</summary>
public sealed class SourceTests
{
    private static readonly SourceSettings A = new("a", [IPAddress.Parse("127.0.0.11")], "out-a.example.test");
    private static readonly SourceSettings B = new("b", [IPAddress.Parse("127.0.0.12")], "out-b.example.test");
    private static readonly SourceSettings C = new("c", [IPAddress.Parse("127.0.0.13"), IPAddress.IPv6Loopback]);

    [Fact]
    public async Task Each_class_of_messages_leaves_from_its_own_address_under_its_own_name()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(hop),
            Pools = new PoolSettings
            {
                Pools = new Dictionary<string, IReadOnlyList<SourceSettings>> { ["pa"] = [A], ["pb"] = [B], ["pc"] = [C] },
                Default = "pa",
                ByTag = new Dictionary<string, string> { ["news"] = "pb" },
                BySenderDomain = new Dictionary<string, string> { ["shop.example"] = "pc" },
                ByStream = new Dictionary<string, string> { ["bulk"] = "pb" },
                ByPriority = new Dictionary<MessagePriority, string> { [MessagePriority.High] = "pc" },
            },
        });
        bench.Service.Start();
        await bench.EnqueueAsync("plain@example.net");
        await bench.EnqueueAsync("tag@example.net", f => f with { Tags = ["x", "news"], SenderDomain = "shop.example" });
        await bench.EnqueueAsync("domain@example.net", f => f with { SenderDomain = "shop.example", Stream = "bulk" });
        await bench.EnqueueAsync("stream@example.net", f => f with { Stream = "bulk" });
        await bench.EnqueueAsync("high@example.net", f => f with { Priority = MessagePriority.High, Stream = "bulk" });
        await bench.UntilEmptyAsync();
        Assert.Equal(
            [
                "domain@example.net 127.0.0.13 relay.example.test", "high@example.net 127.0.0.13 relay.example.test", "plain@example.net 127.0.0.11 out-a.example.test",
                "stream@example.net 127.0.0.12 out-b.example.test", "tag@example.net 127.0.0.12 out-b.example.test",
            ],
            hop.Taken.Select(m => $"{m.Recipients[0]} {m.Session!.Remote} {m.Session.HostName}").Order());
    }

    [Fact]
    public async Task An_address_that_has_sent_its_share_leaves_the_rest_to_another_and_counts_survive_a_restart()
    {
        await using var hop = new Hop(Hop.Except("refused@=550 5.1.1 No such user"));
        await using var bench = new Bench((s, folder) => s with
        {
            NextHop = Bench.To(hop),
            StorePath = folder["delivery.db"],
            Pools = Pool(A with { MessagesPerDay = 3 }, B with { MessagesPerDay = 5 }),
        });
        bench.Service.Start();

        // What is refused counts for nothing.
        for (int i = 0; i < 4; i++)
        {
            await bench.UntilDoneAsync(await bench.EnqueueAsync("refused@example.net", f => f with { ReversePath = string.Empty }));
        }

        await SendAsync(bench, 5);
        await bench.RestartAsync();
        await SendAsync(bench, 3);
        Assert.Equal([3, 5], hop.Taken.GroupBy(m => m.Session!.Remote!.ToString()).OrderBy(g => g.Key).Select(g => g.Count()));

        // Both have sent all of theirs.
        MessageId late = await bench.EnqueueAsync("late@example.net");
        StoredRecipient recipient = Assert.Single(await bench.UntilAsync(late, r => r is { State: RecipientState.Queued, Attempts: 1 }));
        Assert.Contains("messages of the day", recipient.LastReply.Text, StringComparison.Ordinal);
        DateTimeOffset midnight = DateTimeOffset.UtcNow.UtcDateTime.Date.AddDays(1);
        Assert.InRange(recipient.NextAttemptAt, midnight - TimeSpan.FromSeconds(1), midnight + TimeSpan.FromMinutes(1));
        Assert.Equal(8, hop.Taken.Count);
    }

    [Fact]
    public void A_share_is_for_a_site_and_a_day_and_grows_in_a_warm_up()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 23, 0, 0, TimeSpan.Zero));
        using var store = new DeliveryStore(null);
        var book = new SourceBook(store, time, NullLogger.Instance);
        Resolution hosts = Resolution.Fixed("mx", 25, [IPAddress.Loopback], TimeSpan.Zero);
        SourceSettings[] pool = [A with { MessagesPerDay = 2, WarmUpFrom = new DateOnly(2026, 11, 24), Growth = 1.5 }];
        Assert.Equal((2, 3, 4, 6), (pool[0].CapOn(new(2026, 11, 23)), pool[0].CapOn(new(2026, 11, 25)), pool[0].CapOn(new(2026, 11, 26)), pool[0].CapOn(new(2026, 11, 27))));
        Assert.Null(pool[0].CapOn(new(2027, 11, 27)));
        Assert.NotNull(book.Choose(pool, "one", hosts, 2, out _));
        Assert.Null(book.Choose(pool, "one", hosts, 1, out Fate deferral));
        Assert.Equal(TimeSpan.FromHours(1), deferral.NotBefore);
        Assert.NotNull(book.Choose(pool, "two", hosts, 1, out _));
        time.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(book.Choose(pool, "one", hosts, 3, out _));
        Assert.Null(book.Choose(pool, "one", hosts, 1, out _));
        book.GiveBack(pool[0], "one", 1);
        Assert.NotNull(book.Choose(pool, "one", hosts, 1, out _));
    }

    [Fact]
    public void Only_an_address_of_a_family_that_the_site_has_is_chosen()
    {
        using var store = new DeliveryStore(null);
        var book = new SourceBook(store, TimeProvider.System, NullLogger.Instance);
        Resolution six = Resolution.Fixed("mx", 25, [IPAddress.IPv6Loopback], TimeSpan.Zero);
        for (int i = 0; i < 3; i++)
        {
            Assert.Same(C, book.Choose([A, C, B], "site", six, 1, out _));
        }

        Assert.Null(book.Choose([A, B], "site", six, 1, out Fate deferral));
        Assert.Contains("family", deferral.Reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_changes_the_address_and_the_message_goes_from_the_other_at_once_also_after_a_restart()
    {
        await using var hop = new Hop((session, line) =>
            session.Remote!.Equals(A.Addresses[0]) && line.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.7.1 Blocked using zen.spamhaus.org" : Hop.Usual(line));
        await using var bench = new Bench((s, folder) =>
        {
            File.WriteAllText(folder["rules"], "reason=block-list => change address for 1h");
            return s with { NextHop = Bench.To(hop), RulesPath = folder["rules"], StorePath = folder["delivery.db"], Pools = Pool(A, B) };
        });
        bench.Service.Start();
        await SendAsync(bench, 6);
        Assert.Equal(6, hop.Taken.Count);
        Assert.All(hop.Taken, m => Assert.Equal(B.Addresses[0], m.Session!.Remote));
        int refused = hop.Lines.Count(l => l == "EHLO out-a.example.test");
        Assert.Equal(1, refused);
        await bench.RestartAsync();
        await SendAsync(bench, 4);
        Assert.Equal(1, hop.Lines.Count(l => l == "EHLO out-a.example.test"));
    }

    private static PoolSettings Pool(params SourceSettings[] sources) =>
        new() { Pools = new Dictionary<string, IReadOnlyList<SourceSettings>> { ["all"] = sources }, Default = "all" };

    private static async Task SendAsync(Bench bench, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.All(await bench.UntilDoneAsync(await bench.EnqueueAsync($"r{i}@example.net")), r => Assert.Equal(RecipientState.Delivered, r.State));
        }
    }
}
