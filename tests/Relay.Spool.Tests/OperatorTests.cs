namespace Relay.Spool.Tests;

public sealed class OperatorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Held_recipients_wait_until_they_are_released()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net", "c@example.net");

        Assert.Equal(1, await spool.Spool.ChangeAsync(new QueueFilter { ForwardPath = "B@example.net" }, new QueueChange.Hold("look at it"), Token));
        Assert.Equal(["c@example.net"], (await spool.LeaseOneAsync()).Recipients.Select(r => r.ForwardPath));
        Assert.Equal(1, (await spool.Spool.FiguresAsync(Token)).Held);
        Assert.Equal(1, await spool.Spool.ChangeAsync(new QueueFilter { MessageId = id }, new QueueChange.Release(), Token));

        Assert.Equal(["b@example.net"], (await spool.LeaseOneAsync()).Recipients.Select(r => r.ForwardPath));
        Assert.Equal(
            [SpoolEventType.Accepted, SpoolEventType.Accepted, SpoolEventType.Held, SpoolEventType.Released], await spool.EventTypesAsync(id));
    }

    [Fact]
    public async Task Deferred_recipients_are_tried_at_once_when_told()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync("b@example.net");
        await spool.CompleteAsync(await spool.LeaseOneAsync(), RecipientState.Queued, spool.Time.GetUtcNow().AddHours(4));
        Assert.Empty(await spool.LeaseAsync());

        Assert.Equal(1, await spool.Spool.ChangeAsync(new QueueFilter { IsDeferred = true }, new QueueChange.Retry(), Token));

        await spool.LeaseOneAsync();
    }

    [Fact]
    public async Task A_bounce_by_hand_goes_through_delivery_and_a_cancellation_does_not()
    {
        using var spool = new TestSpool();
        MessageId bounced = await spool.EnqueueAsync("b@example.net");
        MessageId canceled = await spool.EnqueueAsync("c@example.org");

        await spool.Spool.ChangeAsync(new QueueFilter { MessageId = bounced }, new QueueChange.Bounce("no such customer"), Token);
        await spool.Spool.ChangeAsync(new QueueFilter { MessageId = canceled }, new QueueChange.Cancel("taken back"), Token);

        StoredRecipient recipient = Assert.Single((await spool.LeaseOneAsync()).Recipients);
        Assert.True(recipient.MustBounce);
        Assert.Equal(RecipientState.Canceled, (await spool.RecipientAsync(canceled)).State);
        Assert.Equal("taken back", (await spool.Spool.EventsAsync(canceled, Token))[^1].Reply.Text);
        Assert.False((await spool.Spool.FindAsync(canceled, Token))!.HasContent);
    }

    [Fact]
    public async Task What_is_being_delivered_is_left_alone()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync("b@example.net");
        Lease lease = await spool.LeaseOneAsync();

        Assert.Equal(0, await spool.Spool.ChangeAsync(new QueueFilter(), new QueueChange.Cancel(), Token));
        Assert.Equal(0, await spool.Spool.PurgeAsync(new QueueFilter(), Token));

        Assert.Equal(CompletionResult.Stored, await spool.CompleteAsync(lease, RecipientState.Delivered));
    }

    [Fact]
    public async Task Scheduled_messages_wait_for_their_time_and_can_be_moved()
    {
        using var spool = new TestSpool();
        NewMessage message = spool.Message(f => f with { ScheduledAt = spool.Time.GetUtcNow().AddHours(2) }, "x", "b@example.net");
        await spool.Spool.EnqueueAsync(message, Token);
        Assert.Empty(await spool.LeaseAsync());
        Assert.Equal(RecipientState.Scheduled, (await spool.RecipientAsync(message.Id)).State);

        await spool.Spool.ChangeAsync(new QueueFilter { MessageId = message.Id }, new QueueChange.Reschedule(spool.Time.GetUtcNow().AddHours(1)), Token);
        spool.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await spool.LeaseAsync());
        spool.Time.Advance(TimeSpan.FromMinutes(2));

        await spool.CompleteAsync(await spool.LeaseOneAsync(), RecipientState.Delivered);
        Assert.Equal(
            [SpoolEventType.Accepted, SpoolEventType.Scheduled, SpoolEventType.Scheduled, SpoolEventType.Delivered], await spool.EventTypesAsync(message.Id));

        // Its sender wanted to wait an hour; the relay took a minute.
        Assert.Equal(TimeSpan.FromMinutes(1), (await spool.Spool.EventsAsync(message.Id, Token))[^1].Latency);
    }

    [Fact]
    public async Task Lists_are_filtered_and_come_in_pages_in_both_orders()
    {
        using var spool = new TestSpool();
        for (int i = 0; i < 25; i++)
        {
            int number = i;
            await spool.Spool.EnqueueAsync(
                spool.Message(
                    f => f with { Tags = number % 5 == 0 ? ["five"] : [], Metadata = new Dictionary<string, string> { ["n"] = $"{number}" }, Subject = $"Number {number}", Stream = "s" },
                    "x", $"u{i}@example.net", $"u{i}@example.org"),
                Token);
        }

        foreach (bool newestFirst in new[] { false, true })
        {
            var seen = new List<QueueItem>();
            QueueCursor? after = null;
            while (await spool.Spool.ListAsync(new QueueFilter { Destination = "example.org" }, newestFirst, after, 7, Token) is { Count: > 0 } page)
            {
                seen.AddRange(page);
                Assert.True(QueueCursor.TryParse(page[^1].Cursor.ToString(), out QueueCursor cursor));
                after = cursor;
            }

            string[] expected = [.. Enumerable.Range(0, 25).Select(i => $"u{(newestFirst ? 24 - i : i)}@example.org")];
            Assert.Equal(expected, seen.Select(i => i.Recipient.ForwardPath));
        }

        Assert.Equal(5, (await Listed(new QueueFilter { Tag = "five", Destination = "example.net" })).Count);
        Assert.Equal("u7@example.net", (await Listed(new QueueFilter { Metadata = new("n", "7") }))[0].Recipient.ForwardPath);
        Assert.Equal(2, (await Listed(new QueueFilter { Text = "number 24" })).Count);
        Assert.Equal(2, (await Listed(new QueueFilter { Text = "U24@" })).Count);
        Assert.Equal(50, (await Listed(new QueueFilter { Stream = "s", States = QueueFilter.Waiting, IsDeferred = false, SenderDomain = "example.com" })).Count);
        Assert.Empty(await Listed(new QueueFilter { ReversePath = "x@example.com" }));
        Assert.Empty(await Listed(new QueueFilter { From = spool.Time.GetUtcNow().AddMinutes(1) }));
        Assert.Equal(50, (await Listed(new QueueFilter { To = spool.Time.GetUtcNow().AddMinutes(1) })).Count);

        async Task<IReadOnlyList<QueueItem>> Listed(QueueFilter filter) => await spool.Spool.ListAsync(filter, cancellationToken: Token);
    }

    [Fact]
    public async Task Purged_messages_leave_nothing_and_event_ids_are_not_given_twice()
    {
        using var spool = new TestSpool();
        for (int i = 0; i < 1100; i++)
        {
            await spool.Spool.EnqueueAsync(spool.Message(f => f with { Tags = ["t"] }, "x", $"u{i}@example.net"), Token);
        }

        MessageId kept = await spool.EnqueueAsync("b@example.org");
        Assert.Equal(1100, await spool.Spool.PurgeAsync(new QueueFilter { Destination = "example.net" }, Token));
        Assert.Equal(1, await spool.Spool.PurgeAsync(new QueueFilter { MessageId = kept }, Token));

        Assert.Equal(new QueueFigures(0, 0, 0, null), await spool.Spool.FiguresAsync(Token));
        Assert.Empty(await spool.Spool.DestinationsAsync(cancellationToken: Token));
        Assert.Empty(await spool.LeaseAsync());
        SpoolEvent last = Assert.Single(await spool.Spool.EventsAfterAsync(0, 10, Token));
        Assert.Equal(1101, last.Id);
        Assert.Null(last.Message);
    }

    [Fact]
    public async Task Another_process_lists_and_changes_while_the_owner_runs()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net");
        using SqliteSpool other = SqliteSpool.Open(spool.Options with { IsOwner = false });

        Assert.Equal(id, Assert.Single(await other.ListAsync(new QueueFilter(), cancellationToken: Token)).Message.Id);
        await other.ChangeAsync(new QueueFilter(), new QueueChange.Hold(), Token);
        Assert.Empty(await spool.LeaseAsync());
        await spool.Spool.WaitForWorkAsync(Token);

        await other.ChangeAsync(new QueueFilter(), new QueueChange.Release(), Token);
        Task waiting = spool.Spool.WaitForWorkAsync(Token).AsTask();
        spool.Time.Advance(TimeSpan.FromSeconds(1));
        await waiting;
        await spool.LeaseOneAsync();
    }

    [Fact]
    public async Task Events_are_read_behind_a_cursor_with_the_facts_of_their_message()
    {
        using var spool = new TestSpool();
        await spool.Spool.EnqueueAsync(spool.Message(f => f with { Tags = ["t"] }, "x", "b@example.net"), Token);
        Lease lease = await spool.LeaseOneAsync();
        Task waiting = spool.Spool.WaitForEventsAsync(1, Token).AsTask();
        Assert.False(waiting.IsCompleted);
        spool.Time.Advance(TimeSpan.FromSeconds(3));
        var outcome = new RecipientOutcome(0, RecipientState.Bounced, new RecipientReply(550, "5.1.1", "No such\r\nuser", "mx.example.net"))
        {
            BounceClass = BounceClass.Hard,
            Reason = "recipient",
        };
        await spool.Spool.CompleteAsync(new Completion(lease, [outcome]), Token);
        await waiting;

        SpoolEvent bounced = Assert.Single(await spool.Spool.EventsAfterAsync(1, 10, Token));

        Assert.Equal(
            new SpoolEvent
            {
                Id = 2,
                At = spool.Time.GetUtcNow(),
                MessageId = lease.Message.Id,
                RecipientIndex = 0,
                ForwardPath = "b@example.net",
                Destination = "example.net",
                Type = SpoolEventType.Bounced,
                BounceClass = BounceClass.Hard,
                Reason = "recipient",
                Reply = new RecipientReply(550, "5.1.1", "No such user", "mx.example.net"),
                Attempt = 1,
                Latency = TimeSpan.FromSeconds(3),
            },
            bounced with { Message = null });
        Assert.Equal(["t"], bounced.Message!.Tags);
    }

    [Fact]
    public async Task Suppressions_are_kept_without_regard_to_case()
    {
        using var spool = new TestSpool();
        ISuppressionList list = spool.Spool.Suppressions;
        await list.AddAsync([new("B@example.net", "manual", string.Empty, spool.Time.GetUtcNow()), new("a@example.net", "bounce", "x", spool.Time.GetUtcNow())], Token);

        Assert.Equal("B@example.net", (await list.FindAsync("b@EXAMPLE.net", Token))!.Address);
        Assert.Equal(["a@example.net", "B@example.net"], (await list.ListAsync(cancellationToken: Token)).Select(s => s.Address));
        Assert.Equal(["B@example.net"], (await list.ListAsync("a@example.net", cancellationToken: Token)).Select(s => s.Address));
        Assert.True(await list.RemoveAsync("b@example.net", Token));
        Assert.False(await list.RemoveAsync("b@example.net", Token));
        Assert.Null(await list.FindAsync("b@example.net", Token));
    }
}
