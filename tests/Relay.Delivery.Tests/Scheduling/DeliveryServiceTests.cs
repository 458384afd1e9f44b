using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery.Tests;

/// <summary>From the spool to hosts that do as they are told, and what becomes of it.</summary>
public sealed class DeliveryServiceTests
{
    [Fact]
    public async Task A_message_is_delivered_as_it_is_with_what_it_lacks_in_front()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync("bob@example.net", content: "Subject: x\r\n\r\n.dot\r\nHello\r\n");
        StoredRecipient recipient = Assert.Single(await bench.UntilDoneAsync(id));
        Assert.Equal(RecipientState.Delivered, recipient.State);
        Assert.Equal(250, recipient.LastReply.Code);
        Assert.Equal($"[127.0.0.1]:{hop.Port}", recipient.LastReply.Host);
        HopMessage message = Assert.Single(hop.Taken);
        Assert.Equal("ann@example.test", message.Sender);
        Assert.Equal(["bob@example.net"], message.Recipients);
        Assert.Matches($"^Date: [^\r]+ \\+0000\r\nMessage-ID: <{id}@relay.example.test>\r\nSubject: x\r\n\r\n\\.dot\r\nHello\r\n$", message.Body);
        Assert.Equal([SpoolEventType.Accepted, SpoolEventType.Delivered], await bench.EventsAsync(id));
    }

    [Fact]
    public async Task Recipients_of_one_message_have_fates_of_their_own_and_the_sender_hears_of_the_failed_one()
    {
        int greylisted = 0;
        await using var hop = new Hop((_, line) =>
            line.Contains("nobody@", StringComparison.Ordinal) ? "550 5.1.1 No such user"
            : line.Contains("later@", StringComparison.Ordinal) && Interlocked.Increment(ref greylisted) < 3 ? "451 4.7.1 Greylisted"
            : Hop.Usual(line));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync(
            [NewRecipient.Of("bob@example.net"), NewRecipient.Of("nobody@example.net"), NewRecipient.Of("later@example.net")],
            f => f with { EnvelopeId = "e+2B1" },
            "From: ann@example.test\r\nSubject: the order\r\n\r\nHello\r\n");
        IReadOnlyList<StoredRecipient> recipients = await bench.UntilDoneAsync(id);
        Assert.Equal([RecipientState.Delivered, RecipientState.Bounced, RecipientState.Delivered], recipients.Select(r => r.State));
        Assert.Equal([1, 1, 3], recipients.Select(r => r.Attempts));
        await bench.UntilEmptyAsync();

        // The address was at fault: it is suppressed, and the sender is told.
        Assert.Equal("bounce", (await bench.Spool.Suppressions.FindAsync("NOBODY@example.net", Bench.Cancellation))?.Reason);
        HopMessage notification = Assert.Single(hop.Taken, m => m.Sender.Length == 0);
        Assert.Equal(["ann@example.test"], notification.Recipients);
        using MimeMessage read = MimeMessage.Load(new MemoryStream(System.Text.Encoding.Latin1.GetBytes(notification.Body)), TestContext.Current.CancellationToken);
        MessageDeliveryStatus status = Assert.IsType<MessageDeliveryStatus>(((MultipartReport)read.Body!)[1]);
        Assert.Equal("e+1", status.StatusGroups[0]["Original-Envelope-Id"]);
        Assert.Equal("rfc822; nobody@example.net", status.StatusGroups[1]["Final-Recipient"]);
        Assert.Equal("smtp; 550 5.1.1 No such user", status.StatusGroups[1]["Diagnostic-Code"]);
    }

    [Fact]
    public async Task A_suppressed_address_gets_nothing_more_and_its_neighbour_does()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        await bench.Spool.Suppressions.AddAsync([new Suppression("Gone@example.net", "complaint", "", DateTimeOffset.UtcNow)], Bench.Cancellation);
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync([NewRecipient.Of("gone@EXAMPLE.net"), NewRecipient.Of("bob@example.net")]);
        IReadOnlyList<StoredRecipient> recipients = await bench.UntilDoneAsync(id);
        Assert.Equal([RecipientState.Suppressed, RecipientState.Delivered], recipients.Select(r => r.State));
        Assert.Equal(["bob@example.net"], Assert.Single(hop.Taken).Recipients);
    }

    [Theory]
    [InlineData(DsnNotify.Never, 0)]
    [InlineData(DsnNotify.Success, 0)]
    [InlineData(DsnNotify.Failure, 1)]
    [InlineData(DsnNotify.Unspecified, 1)]
    public async Task A_failure_is_told_to_who_wants_to_hear_it(DsnNotify notify, int told)
    {
        await using var hop = new Hop(Hop.Except("nobody@=550 5.7.1 Not you"));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync([NewRecipient.Of("nobody@example.net") with { Notify = notify }]);
        await bench.UntilDoneAsync(id);
        await bench.UntilEmptyAsync();
        Assert.Equal(told, hop.Taken.Count);
        Assert.Null(await bench.Spool.Suppressions.FindAsync("nobody@example.net", Bench.Cancellation));
    }

    [Fact]
    public async Task A_notification_that_bounces_is_not_answered_with_another()
    {
        await using var hop = new Hop(Hop.Except("RCPT=550 5.1.1 No such user"));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        await bench.EnqueueAsync("nobody@example.net");
        await bench.UntilEmptyAsync();
        IReadOnlyList<QueueItem> all = await bench.Spool.ListAsync(new QueueFilter(), cancellationToken: Bench.Cancellation);
        Assert.Equal(["nobody@example.net", "ann@example.test"], all.Select(i => i.Recipient.ForwardPath));
        Assert.All(all, i => Assert.Equal(RecipientState.Bounced, i.Recipient.State));
        Assert.Empty(hop.Taken);
    }

    [Fact]
    public async Task Success_is_told_where_the_host_does_not_know_DSN()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        await bench.EnqueueAsync([NewRecipient.Of("bob@example.net") with { Notify = DsnNotify.Success }]);
        await bench.UntilEmptyAsync();
        Assert.Contains("Action: relayed", Assert.Single(hop.Taken, m => m.Sender.Length == 0).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_knows_DSN_gets_the_wishes_and_the_relay_says_nothing()
    {
        await using var hop = new Hop((_, line) => line.StartsWith("EHLO", StringComparison.Ordinal) ? "250-hop\r\n250-DSN\r\n250 PIPELINING" : Hop.Usual(line));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        await bench.EnqueueAsync(
            [NewRecipient.Of("bob@example.net") with { Notify = DsnNotify.Success | DsnNotify.Failure, OriginalRecipient = "rfc822;b+2Bob@example.net" }],
            f => f with { Return = DsnReturn.Headers, EnvelopeId = "e1" });
        await bench.UntilEmptyAsync();
        Assert.Single(hop.Taken);
        Assert.Contains(hop.Lines, l => l.Contains("RET=HDRS ENVID=e1", StringComparison.Ordinal));
        Assert.Contains(hop.Lines, l => l.Contains("NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bob@example.net", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_delay_is_told_once_and_the_message_expires_with_a_notification()
    {
        await using var hop = new Hop(Hop.Except("bob@=451 4.3.0 Not now"));
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var bench = new Bench(
            s => s with
            {
                NextHop = Bench.To(hop),
                Retry = s.Retry with { DelayNotice = TimeSpan.Zero, MaximumAge = TimeSpan.FromDays(1), First = TimeSpan.FromSeconds(10), Longest = TimeSpan.FromSeconds(10) },
            },
            time);
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync("bob@example.net");

        // Some attempts within its age, and one beyond it.
        await UntilTimeHasGoneByAsync(r => r is { State: RecipientState.Queued, IsDeferred: true, Attempts: >= 3 });
        time.Advance(TimeSpan.FromDays(1));
        await UntilTimeHasGoneByAsync(r => r.IsFinal);
        StoredRecipient recipient = Assert.Single(await bench.Spool.RecipientsAsync(id, Bench.Cancellation));
        Assert.Equal(RecipientState.Expired, recipient.State);
        await bench.UntilEmptyAsync();
        Assert.Equal(2, hop.Taken.Count);
        Assert.Single(hop.Taken, m => m.Body.Contains("Action: delayed", StringComparison.Ordinal));
        Assert.Single(hop.Taken, m => m.Body.Contains("Action: failed", StringComparison.Ordinal));
        Assert.Null(await bench.Spool.Suppressions.FindAsync("bob@example.net", Bench.Cancellation));

        async Task UntilTimeHasGoneByAsync(Func<StoredRecipient, bool> isSo)
        {
            while (!isSo(Assert.Single(await bench.Spool.RecipientsAsync(id, Bench.Cancellation))))
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(5, Bench.Cancellation);
            }
        }
    }

    [Theory]
    [InlineData(-2, 1)]
    [InlineData(-1, 0)]
    public async Task The_delay_of_a_scheduled_message_counts_from_its_time(int scheduledHours, int notices)
    {
        // Three hours old, and to be told of after two.
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        DateTimeOffset now = time.GetUtcNow() + TimeSpan.FromHours(3);
        await using var hop = new Hop(Hop.Except("bob@=451 4.3.0 Not now"));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), Retry = s.Retry with { DelayNotice = TimeSpan.FromHours(2) } }, time);
        MessageId id = await bench.EnqueueAsync("bob@example.net", f => f with { ScheduledAt = now.AddHours(scheduledHours) });
        time.Advance(TimeSpan.FromHours(3));
        bench.Service.Start();
        StoredRecipient recipient = Assert.Single(await bench.UntilAsync(id, r => r.Attempts == 1 && r.State == RecipientState.Queued));
        Assert.Equal(notices == 1, recipient.DelayNotified);
    }

    [Fact]
    public async Task What_goes_in_a_circle_is_cut()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), MaximumHops = 5 });
        bench.Service.Start();
        string received = string.Concat(Enumerable.Repeat("Received: from a by b;\r\n Tue, 24 Nov 2026 12:00:00 +0000\r\n", 6));
        MessageId id = await bench.EnqueueAsync("bob@example.net", content: received + "Subject: x\r\n\r\nReceived: not this\r\n");
        StoredRecipient recipient = Assert.Single(await bench.UntilDoneAsync(id));
        Assert.Equal(RecipientState.Bounced, recipient.State);
        Assert.Equal("5.4.6", recipient.LastReply.Enhanced);
        MessageId fine = await bench.EnqueueAsync("bob@example.net", content: received[(received.Length / 6)..] + "Subject: x\r\n\r\n");
        Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(fine)).State);
    }

    [Fact]
    public async Task An_operator_can_have_a_message_returned_and_a_test_is_never_sent()
    {
        await using var hop = new Hop(Hop.Except("bob@=451 4.3.0 Not now"));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) } });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync("bob@example.net");
        await bench.UntilAsync(id, r => r.IsDeferred && r.State == RecipientState.Queued);
        await bench.Spool.ChangeAsync(new QueueFilter { MessageId = id }, new QueueChange.Bounce("no such order"), Bench.Cancellation);
        Assert.Equal(RecipientState.Bounced, Assert.Single(await bench.UntilDoneAsync(id)).State);
        MessageId test = await bench.EnqueueAsync("bob@example.net", f => f with { IsTest = true });
        Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(test)).State);
        await bench.UntilEmptyAsync();
        Assert.Equal(["ann@example.test"], Assert.Single(hop.Taken).Recipients);
    }

    [Fact]
    public async Task Return_paths_that_name_message_and_recipient_are_a_transaction_each()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(hop),
            Verp = new VerpSettings("bounces.example.test", key),
            Shaping = s.Shaping with { IdleTime = TimeSpan.FromSeconds(20) },
        });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync([NewRecipient.Of("a@example.net"), NewRecipient.Of("b@example.net"), NewRecipient.Of("c@example.net")]);
        await bench.UntilDoneAsync(id);
        var verp = new VerpAddress("bounces.example.test", key);
        Assert.Equal(3, hop.Taken.Count);
        Assert.Equal(1, hop.Connections);
        foreach (HopMessage message in hop.Taken)
        {
            Assert.True(verp.TryRead(message.Sender, out string read, out int index));
            Assert.Equal(id.ToString(), read);
            Assert.Equal($"{(char)('a' + index)}@example.net", Assert.Single(message.Recipients));
        }
    }

    [Fact]
    public async Task Recipients_beyond_a_hosts_limit_go_in_another_transaction_at_once()
    {
        await using var hop = new Hop((session, line) =>
            line.StartsWith("RCPT", StringComparison.Ordinal) && session.Recipients.Count >= 3 ? "452 4.5.3 Too many recipients" : Hop.Usual(line));
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) } });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync([.. Enumerable.Range(0, 8).Select(i => NewRecipient.Of($"r{i}@example.net"))]);
        IReadOnlyList<StoredRecipient> recipients = await bench.UntilDoneAsync(id);
        Assert.All(recipients, r => Assert.Equal((RecipientState.Delivered, 1), (r.State, r.Attempts)));
        Assert.Equal([3, 3, 2], hop.Taken.Select(m => m.Recipients.Count));
    }

    [Fact]
    public async Task A_large_message_goes_from_its_file()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        bench.Service.Start();
        string content = "Date: x\r\nMessage-ID: <1@a>\r\nSubject: large\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 98) + "\r\n", 20_000));
        MessageId id = bench.Spool.NewId();
        NewContent stored;
        await using (BodyFileWriter file = bench.Spool.CreateBodyFile(id))
        {
            await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(content), Bench.Cancellation);
            stored = await file.FinishAsync(Bench.Cancellation);
            await bench.Spool.EnqueueAsync(
                new NewMessage { Id = id, Facts = new MessageFacts { ReversePath = "ann@example.test" }, Recipients = [NewRecipient.Of("bob@example.net")], Content = stored },
                Bench.Cancellation);
            file.Keep();
        }

        Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(id)).State);
        Assert.Equal(content, Assert.Single(hop.Taken).Body);
    }

    [Fact]
    public async Task A_stop_gives_back_what_waits_and_lets_finish_what_is_being_sent()
    {
        var arrived = new TaskCompletionSource();
        using var release = new ManualResetEventSlim();
        await using var hop = new Hop((_, line) =>
        {
            if (line == "end")
            {
                arrived.TrySetResult();
                release.Wait(TimeSpan.FromMinutes(2));
            }

            return Hop.Usual(line);
        });
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop), Shaping = s.Shaping with { InitialConnections = 1, MaximumConnections = 1 } });
        MessageId[] ids = [await bench.EnqueueAsync("a@example.net"), await bench.EnqueueAsync("b@example.net"), await bench.EnqueueAsync("c@example.net")];
        bench.Service.Start();
        await arrived.Task.WaitAsync(Bench.Cancellation);
        Task stopping = bench.Service.StopAsync(Bench.Cancellation);
        release.Set();
        await stopping;
        Assert.Equal(0, bench.Service.InFlight);
        StoredRecipient[] recipients = [.. (await Task.WhenAll(ids.Select(async id => await bench.Spool.RecipientsAsync(id, Bench.Cancellation)))).SelectMany(r => r)];
        Assert.Equal(hop.Taken.Count, recipients.Count(r => r.State == RecipientState.Delivered));
        Assert.All(recipients, r => Assert.True(r.State == RecipientState.Delivered || (r.State == RecipientState.Queued && r.Attempts == 0)));
        Assert.Contains(recipients, r => r.State == RecipientState.Queued);
    }
}
