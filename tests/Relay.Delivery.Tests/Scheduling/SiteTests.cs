using System.Net;
using Microsoft.Extensions.Time.Testing;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

/// <summary>What a site gets at a time, and that it is nobody else's trouble.</summary>
public sealed class SiteTests
{
    [Fact]
    public async Task Connections_are_used_again_up_to_their_limit()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(hop),
            Shaping = s.Shaping with { InitialConnections = 1, MaximumConnections = 1, MessagesPerConnection = 10, IdleTime = TimeSpan.FromSeconds(20) },
        });
        for (int i = 0; i < 50; i++)
        {
            await bench.EnqueueAsync($"r{i}@example.net");
        }

        bench.Service.Start();
        await bench.UntilEmptyAsync();
        Assert.Equal(50, hop.Taken.Count);
        Assert.Equal(5, hop.Connections);
        Assert.Equal(1, hop.MostOpen);
    }

    [Fact]
    public async Task A_host_that_closes_when_idle_costs_no_attempt()
    {
        await using var hop = new Hop((_, line) => line == "end" ? Hop.TakeAndDrop : Hop.Usual(line));
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(hop),
            Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) },
            Shaping = s.Shaping with { InitialConnections = 1, MaximumConnections = 1, IdleTime = TimeSpan.FromSeconds(20) },
        });
        bench.Service.Start();
        for (int i = 0; i < 5; i++)
        {
            MessageId id = await bench.EnqueueAsync("bob@example.net");
            StoredRecipient recipient = Assert.Single(await bench.UntilDoneAsync(id));
            Assert.Equal((RecipientState.Delivered, 1), (recipient.State, recipient.Attempts));
        }

        Assert.Equal(5, hop.Taken.Count);
    }

    [Fact]
    public async Task A_site_that_is_down_is_tried_by_a_few_messages_and_the_others_know()
    {
        await using var hop = new Hop((_, _) => Hop.Drop);
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(hop),
            Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) },
            Shaping = s.Shaping with { InitialConnections = 3, FirstBackoff = TimeSpan.FromHours(1), LongestBackoff = TimeSpan.FromHours(1) },
        });
        MessageId[] ids = new MessageId[60];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = await bench.EnqueueAsync($"r{i}@example.net");
        }

        bench.Service.Start();
        foreach (MessageId id in ids)
        {
            StoredRecipient recipient = Assert.Single(await bench.UntilAsync(id, r => r.State == RecipientState.Queued && r.IsDeferred));
            Assert.Equal(1, recipient.Attempts);
            Assert.NotEmpty(recipient.LastReply.Text);
        }

        Assert.InRange(hop.Connections, 1, 3);
    }

    [Fact]
    public async Task An_operator_who_retries_is_not_told_that_the_site_rests()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var gone = new Hop();
        int port = gone.Port;
        await gone.DisposeAsync();
        await using var bench = new Bench(
            s => s with
            {
                NextHop = Bench.To(port),
                Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) },
                Shaping = s.Shaping with { FirstBackoff = TimeSpan.FromHours(1), LongestBackoff = TimeSpan.FromHours(1) },
            },
            time);
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync("bob@example.net");
        await bench.UntilAsync(id, r => r is { State: RecipientState.Queued, Attempts: 1 });

        await using var hop = new Hop(at: new IPEndPoint(IPAddress.Loopback, port));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, await bench.Spool.ChangeAsync(new QueueFilter { MessageId = id }, new QueueChange.Retry(), Bench.Cancellation));
        StoredRecipient recipient = Assert.Single(await bench.UntilDoneAsync(id));
        Assert.Equal((RecipientState.Delivered, 2), (recipient.State, recipient.Attempts));
    }

    [Fact]
    public async Task A_next_hop_that_dies_and_comes_back_gets_everything()
    {
        int port = ProgramPort.Find();
        var hop = new Hop(at: new IPEndPoint(IPAddress.Loopback, port));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(port) });
        bench.Service.Start();
        for (int i = 0; i < 20; i++)
        {
            await bench.EnqueueAsync($"a{i}@example.net");
        }

        await bench.UntilEmptyAsync();
        await hop.DisposeAsync();
        MessageId first = await bench.EnqueueAsync("b@example.net");
        for (int i = 0; i < 20; i++)
        {
            await bench.EnqueueAsync($"b{i}@example.net");
        }

        await bench.UntilAsync(first, r => r.Attempts > 0);
        await using var again = new Hop(at: new IPEndPoint(IPAddress.Loopback, port));
        await bench.UntilEmptyAsync();
        Assert.Equal(20, hop.Taken.Count);
        Assert.Equal(21, again.Taken.Count);
    }

    [Fact]
    public async Task A_site_that_takes_three_connections_gets_three_and_no_message_suffers()
    {
        int open = 0;
        await using var hop = new Hop((session, line) =>
        {
            if (line == "greeting")
            {
                session.IsCounted = Interlocked.Increment(ref open) <= 3;
                return session.IsCounted ? Hop.Usual(line) : "421 4.7.0 Too many connections";
            }

            return Hop.Usual(line);
        });
        hop.Closed += _ => Interlocked.Decrement(ref open);
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), Shaping = s.Shaping with { InitialConnections = 10, MaximumConnections = 10 } });
        for (int i = 0; i < 200; i++)
        {
            await bench.EnqueueAsync($"r{i}@example.net");
        }

        bench.Service.Start();
        await bench.UntilEmptyAsync();
        Assert.Equal(200, hop.Taken.Count);
    }

    [Fact]
    public async Task A_site_that_hangs_delays_no_other()
    {
        await using var slow = new Hop((_, line) => line == "greeting" ? Hop.Hang : Hop.Usual(line));
        await using var fast = new Hop();
        await using var bench = new Bench(s => s with
        {
            Routes = new Dictionary<string, RouteSettings> { ["slow.test"] = Bench.To(slow), ["fast.test"] = Bench.To(fast) },
            MaximumConnections = 2,
            MaximumInFlight = 100,
            GraceTime = TimeSpan.FromMilliseconds(1),
        });
        for (int i = 0; i < 300; i++)
        {
            await bench.EnqueueAsync($"r{i}@slow.test", f => f with { Stream = MessageFacts.BulkStream });
        }

        bench.Service.Start();
        for (int i = 0; i < 20; i++)
        {
            MessageId id = await bench.EnqueueAsync("reset@fast.test");
            Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(id)).State);
        }

        Assert.Empty(slow.Taken);
        Assert.Equal(20, fast.Taken.Count);
    }

    [Fact]
    public async Task A_mailing_delays_no_password_reset_to_the_same_site()
    {
        using var enqueued = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        await using var hop = new Hop((_, line) =>
        {
            if (line == "end")
            {
                begun.TrySetResult();
                enqueued.Wait(TimeSpan.FromMinutes(2));
            }

            return Hop.Usual(line);
        });
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), Shaping = s.Shaping with { InitialConnections = 1, MaximumConnections = 1 } });
        for (int i = 0; i < 100; i++)
        {
            await bench.EnqueueAsync($"r{i}@example.net", f => f with { Stream = MessageFacts.BulkStream, Priority = MessagePriority.Low });
        }

        bench.Service.Start();
        await begun.Task.WaitAsync(Bench.Cancellation);
        MessageId reset = await bench.EnqueueAsync("reset@example.net", f => f with { Priority = MessagePriority.High });

        // It is leased into the room that is kept for it.
        while ((await bench.Spool.FiguresAsync(Bench.Cancellation)).Waiting > 94)
        {
            await Task.Delay(10, Bench.Cancellation);
        }

        enqueued.Set();
        await bench.UntilDoneAsync(reset);
        await bench.UntilEmptyAsync();
        int place = hop.Taken.Select((m, i) => (m, i)).Single(t => t.m.Recipients[0] == "reset@example.net").i;
        Assert.InRange(place, 0, 10);
        Assert.Equal(101, hop.Taken.Count);
    }

    [Fact]
    public async Task A_message_that_breaks_the_relay_is_held_and_stops_nobody()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), MaximumCrashes = 3 });
        MessageId poison = await bench.EnqueueAsync("bob@example.net", f => f with { EnvelopeId = "two\r\nlines" });
        bench.Service.Start();
        MessageId good = await bench.EnqueueAsync("bob@example.net");
        await bench.UntilDoneAsync(good);
        StoredRecipient held = Assert.Single(await bench.UntilAsync(poison, r => r.State == RecipientState.Held));
        Assert.Equal(3, held.Attempts);
        Assert.Single(hop.Taken);
    }

    /// <summary>
    /// A provider on a bad day: some messages put off, some refused, connections dropped at every stage, hanging, endless replies, 250 and gone, taken without a word.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_message_ends_in_its_right_state_whatever_the_provider_does(int seed)
    {
        var random = new Random(seed);
        int silent = 0;
        await using var hop = new Hop((session, line) =>
        {
            int dice;
            lock (random)
            {
                dice = random.Next(100);
            }

            switch (line)
            {
                case "greeting":
                    return dice < 4 ? Hop.Hang : dice < 8 ? Hop.Drop : dice < 12 ? "421 4.3.2 Come back later" : dice < 14 ? Hop.Endless : Hop.Usual(line);
                case "DATA":
                    return dice < 3 ? Hop.Drop : dice < 6 ? "451 4.3.0 Not now" : Hop.Usual(line);
                case "end":
                    if (dice < 5)
                    {
                        Interlocked.Increment(ref silent);
                        return Hop.TakeSilently;
                    }

                    return dice < 10 ? Hop.Drop : dice < 15 ? Hop.TakeAndDrop : dice < 25 ? "451 4.7.1 Greylisted" : dice < 28 ? "421 4.7.0 Too fast" : dice < 30 ? "nonsense" : Hop.Usual(line);
            }

            return line.StartsWith("RCPT", StringComparison.Ordinal)
                ? line.Contains("<bad", StringComparison.Ordinal) ? "550 5.1.1 No such user" : dice < 10 ? "450 4.2.0 Busy" : Hop.Usual(line)
                : dice < 2 ? Hop.Drop : Hop.Usual(line);
        });
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(hop),
            Retry = s.Retry with { First = TimeSpan.FromMilliseconds(20), Longest = TimeSpan.FromMilliseconds(60) },
            Shaping = s.Shaping with { FirstBackoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(40) },
            Timeouts = new Smtp.Client.SmtpClientTimeouts { Greeting = TimeSpan.FromMilliseconds(300), Quit = TimeSpan.FromMilliseconds(100) },
        });
        bench.Service.Start();
        var ids = new List<MessageId>();
        for (int i = 0; i < 150; i++)
        {
            ids.Add(await bench.EnqueueAsync($"{(i % 10 == 0 ? "bad" : "good")}{i}@example.net", f => f with { ReversePath = string.Empty }));
        }

        await bench.UntilEmptyAsync();
        for (int i = 0; i < ids.Count; i++)
        {
            StoredRecipient recipient = Assert.Single(await bench.Spool.RecipientsAsync(ids[i], Bench.Cancellation));
            Assert.Equal(i % 10 == 0 ? RecipientState.Bounced : RecipientState.Delivered, recipient.State);
        }

        // Nothing is lost, and what came twice is no more than what was counted as such.
        string[] came = [.. hop.Taken.Select(m => m.Recipients[0])];
        Assert.Equal(135, came.Distinct().Count());
        Assert.True(came.Length - 135 <= silent);
        Assert.True(bench.Service.Metrics.PossibleDuplicates >= came.Length - 135);
        Assert.True(bench.Service.Metrics.PossibleDuplicates > 0);
    }
}
