using Smtp.Core;

namespace Relay.Spool.Tests;

public sealed class QueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_spool_whose_folder_is_moved_away_takes_nothing_until_it_is_back()
    {
        using var spool = new TestSpool();
        MessageId before = await spool.EnqueueAsync("b@example.net");
        string elsewhere = spool.Folder + "-elsewhere";
        Directory.Move(spool.Folder, elsewhere);

        SpoolException error = await Assert.ThrowsAsync<SpoolException>(async () => await spool.EnqueueAsync("c@example.net"));
        Assert.Equal(SpoolFailure.Error, error.Failure);
        Assert.NotNull(spool.Spool.Failure);
        Assert.Equal(SpoolFailure.Error, Assert.Throws<SpoolException>(() => spool.Spool.CreateBodyFile(spool.Spool.NewId())).Failure);
        Assert.False(Directory.Exists(spool.Folder));

        Directory.Move(elsewhere, spool.Folder);
        MessageId after = await spool.EnqueueAsync("d@example.net");
        Assert.Null(spool.Spool.Failure);
        Assert.Equal([before, after], (await spool.LeaseAsync()).Select(l => l.Message.Id));
    }

    [Fact]
    public async Task A_message_comes_back_as_it_went_in()
    {
        using var spool = new TestSpool();
        var facts = new MessageFacts
        {
            ReversePath = "jürgen@example.com",
            Body = BodyType.EightBitMime,
            SmtpUtf8 = true,
            RequireTls = true,
            Return = DsnReturn.Headers,
            EnvelopeId = "QQ314159",
            Stream = "news",
            Priority = MessagePriority.High,
            Tags = ["a", "b"],
            Metadata = new Dictionary<string, string> { ["order"] = "42" },
            CustomId = "mine",
            Credential = "alice",
            SenderDomain = "example.com",
            From = "A <a@example.com>",
            Subject = "Grüße",
            Source = MessageSource.Api,
            IsTest = true,
            TrackOpens = true,
            TrackClicks = true,
        };
        var message = new NewMessage
        {
            Id = spool.Spool.NewId(),
            Facts = facts,
            Recipients = [new("b@Example.NET", "example.net", DsnNotify.Success | DsnNotify.Delay, "rfc822;b@example.net"), NewRecipient.Of("c@example.org")],
            Content = NewContent.FromMemory("Subject: x\r\n\r\n\0\xFF"u8.ToArray()),
        };
        await spool.Spool.EnqueueAsync(message, Token);
        spool.Reopen();

        StoredMessage stored = (await spool.Spool.FindAsync(message.Id, Token))!;

        Assert.Equivalent(facts, stored.Facts, strict: true);
        Assert.Equal(message.Content.Length, stored.Size);
        Assert.Equal(spool.Time.GetUtcNow(), stored.AcceptedAt);
        await using SpoolContent content = await spool.Spool.OpenContentAsync(stored, Token);
        Assert.Equal("Subject: x\r\n\r\n\0\xFF"u8.ToArray(), content.Memory.ToArray());
        StoredRecipient recipient = await spool.RecipientAsync(message.Id);
        Assert.Equal("b@Example.NET", recipient.ForwardPath);
        Assert.Equal("example.net", recipient.Destination);
        Assert.Equal(DsnNotify.Success | DsnNotify.Delay, recipient.Notify);
        Assert.Equal("rfc822;b@example.net", recipient.OriginalRecipient);
        Assert.Equal(RecipientState.Queued, recipient.State);
        Assert.Equal([SpoolEventType.Accepted, SpoolEventType.Accepted], await spool.EventTypesAsync(message.Id));
    }

    [Fact]
    public async Task A_lease_holds_the_recipients_of_one_destination_and_nobody_else_gets_them()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net", "c@example.org", "d@EXAMPLE.net");

        IReadOnlyList<Lease> leases = await spool.LeaseAsync();

        Assert.Equal(2, leases.Count);
        Lease net = leases.Single(l => l.Destination == "example.net");
        Assert.Equal(["b@example.net", "d@EXAMPLE.net"], net.Recipients.Select(r => r.ForwardPath));
        Assert.Equal(id, net.Message.Id);
        Assert.Empty(await spool.LeaseAsync());
        Assert.Equal(RecipientState.Leased, (await spool.RecipientAsync(id)).State);
    }

    [Fact]
    public async Task Recipients_of_one_message_progress_independently_and_the_content_goes_with_the_last()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net", "c@example.org");
        IReadOnlyList<Lease> leases = await spool.LeaseAsync();

        await spool.CompleteAsync(leases.Single(l => l.Destination == "example.net"), RecipientState.Delivered);
        await spool.CompleteAsync(leases.Single(l => l.Destination == "example.org"), RecipientState.Queued, spool.Time.GetUtcNow().AddMinutes(5));

        Assert.Equal(RecipientState.Delivered, (await spool.RecipientAsync(id, 0)).State);
        StoredRecipient deferred = await spool.RecipientAsync(id, 1);
        Assert.True(deferred.IsDeferred);
        Assert.Equal(1, deferred.Attempts);
        Assert.Equal("mx.example.net", deferred.LastReply.Host);
        Assert.True((await spool.Spool.FindAsync(id, Token))!.HasContent);
        Assert.Empty(await spool.LeaseAsync());

        spool.Time.Advance(TimeSpan.FromMinutes(5));
        await spool.CompleteAsync(await spool.LeaseOneAsync(), RecipientState.Bounced);

        Assert.False((await spool.Spool.FindAsync(id, Token))!.HasContent);
        Assert.Equal(
            [SpoolEventType.Accepted, SpoolEventType.Accepted, SpoolEventType.Delivered, SpoolEventType.Deferred, SpoolEventType.Bounced],
            await spool.EventTypesAsync(id));
        QueueFigures figures = await spool.Spool.FiguresAsync(Token);
        Assert.Equal(new QueueFigures(0, 0, 0, null), figures);
    }

    [Fact]
    public async Task Leases_of_a_dead_process_are_due_at_once_and_their_tokens_worth_nothing()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net");
        Lease dead = await spool.LeaseOneAsync();

        spool.Reopen();
        Lease alive = await spool.LeaseOneAsync();

        Assert.True(alive.Token > dead.Token);
        Assert.Equal(CompletionResult.LeaseLost, await spool.CompleteAsync(dead, RecipientState.Bounced));
        Assert.Equal(CompletionResult.Stored, await spool.CompleteAsync(alive, RecipientState.Delivered));
        Assert.Equal([SpoolEventType.Accepted, SpoolEventType.Delivered], await spool.EventTypesAsync(id));
    }

    [Fact]
    public async Task A_lease_that_runs_out_is_given_to_somebody_else_and_a_renewed_one_is_not()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync("b@example.net");
        await spool.EnqueueAsync("c@example.org");
        IReadOnlyList<Lease> leases = await spool.LeaseAsync();
        Lease renewed = leases.Single(l => l.Destination == "example.org");
        Assert.True(await spool.Spool.RenewAsync(renewed, TimeSpan.FromHours(1), Token));

        spool.Time.Advance(TimeSpan.FromMinutes(16));
        Lease again = await LeaseWhenThereAsync(spool);

        Assert.Equal("example.net", again.Destination);
        Assert.Equal(CompletionResult.LeaseLost, await spool.CompleteAsync(leases.Single(l => l.Destination == "example.net"), RecipientState.Delivered));
        Assert.Equal(CompletionResult.Stored, await spool.CompleteAsync(renewed, RecipientState.Delivered));
    }

    [Fact]
    public async Task A_recipient_that_ends_the_process_again_and_again_is_held()
    {
        using var spool = new TestSpool(o => o with { MaximumLostLeases = 3 });
        MessageId id = await spool.EnqueueAsync("b@example.net");
        for (int i = 0; i < 3; i++)
        {
            // A suspect waits a while.
            spool.Time.Advance(TimeSpan.FromSeconds(2));
            await spool.LeaseOneAsync();
            spool.Reopen();
        }

        Assert.Empty(await spool.LeaseAsync());
        Assert.Equal(RecipientState.Held, (await spool.RecipientAsync(id)).State);
        Assert.Equal([SpoolEventType.Accepted, SpoolEventType.Held], await spool.EventTypesAsync(id));
    }

    [Fact]
    public async Task A_notification_is_enqueued_with_the_outcome_or_not_at_all()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync("b@example.net");
        Lease lease = await spool.LeaseOneAsync();
        NewMessage notification = spool.Message("a@example.com");
        var suppression = new Suppression("b@example.net", "bounce", "550 5.1.1 No such user", spool.Time.GetUtcNow(), lease.Message.Id);
        var completion = new Completion(lease, [new RecipientOutcome(0, RecipientState.Bounced, RecipientReply.None)])
        {
            Notifications = [notification],
            Suppressions = [suppression],
        };

        Assert.Equal(CompletionResult.Stored, await spool.Spool.CompleteAsync(completion, Token));
        Assert.Equal(CompletionResult.LeaseLost, await spool.Spool.CompleteAsync(completion, Token));

        Assert.Equal(notification.Id, (await spool.LeaseOneAsync()).Message.Id);
        Assert.Equal(suppression, await spool.Spool.Suppressions.FindAsync("B@example.NET", Token));
    }

    [Fact]
    public async Task Destinations_without_room_are_passed_over_and_others_are_served_fairly()
    {
        using var spool = new TestSpool();
        for (int i = 0; i < 30; i++)
        {
            await spool.EnqueueAsync($"u{i}@full.example");
            await spool.EnqueueAsync($"u{i}@heap.example");
        }

        await spool.EnqueueAsync("u@one.example");
        IReadOnlyList<Lease> leases = await spool.LeaseAsync(20, (destination, _) => destination == "full.example" ? 3 : 100);

        Assert.Equal(20, leases.Count);
        Assert.Equal(3, leases.Count(l => l.Destination == "full.example"));
        Assert.Contains(leases, l => l.Destination == "one.example");
        Assert.DoesNotContain(await spool.LeaseAsync(50, (destination, _) => destination == "full.example" ? 0 : 100), l => l.Destination == "full.example");
        Assert.Equal(27, (await spool.LeaseAsync()).Count);
    }

    [Fact]
    public async Task High_priority_goes_before_bulk_and_first_attempts_before_retries_and_nothing_starves()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync("retry@one.example");
        await spool.CompleteAsync(await spool.LeaseOneAsync(), RecipientState.Queued, spool.Time.GetUtcNow());
        for (int i = 0; i < 200; i++)
        {
            await spool.Spool.EnqueueAsync(spool.Message(f => f with { Stream = MessageFacts.BulkStream }, "x", $"bulk{i}@one.example"), Token);
            await spool.Spool.EnqueueAsync(spool.Message(f => f, "x", $"normal{i}@one.example"), Token);
        }

        await spool.Spool.EnqueueAsync(spool.Message(f => f with { Priority = MessagePriority.High }, "x", "reset@one.example"), Token);
        string[] order = [.. (await spool.LeaseAsync(200)).Select(l => l.Recipients[0].ForwardPath)];

        Assert.Equal("reset@one.example", order[0]);
        Assert.True(Array.IndexOf(order, "normal0@one.example") < Array.IndexOf(order, "retry@one.example"));
        Assert.Contains("bulk0@one.example", order);
        Assert.True(order.Count(o => o.StartsWith("normal", StringComparison.Ordinal)) > order.Count(o => o.StartsWith("bulk", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_message_of_many_recipients_is_leased_in_parts()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync([.. Enumerable.Range(0, 250).Select(i => $"u{i}@example.net")]);

        IReadOnlyList<Lease> leases = await spool.LeaseAsync();

        Assert.Equal([100, 100, 50], leases.Select(l => l.Recipients.Count));
        Assert.Equal(250, leases.SelectMany(l => l.Recipients).Select(r => r.Index).Distinct().Count());
    }

    [Fact]
    public async Task Suspended_destinations_wait_until_they_are_resumed_or_their_time_is_over()
    {
        using var spool = new TestSpool();
        await spool.EnqueueAsync("b@example.net");
        await spool.EnqueueAsync("b@example.org");
        await spool.Spool.SuspendAsync("Example.NET", "they asked", null, Token);
        await spool.Spool.SuspendAsync("example.org", string.Empty, spool.Time.GetUtcNow().AddHours(1), Token);
        Assert.Empty(await spool.LeaseAsync());
        Assert.Equal(["example.net", "example.org"], (await spool.Spool.SuspendedAsync(Token)).Select(s => s.Destination));

        Assert.True(await spool.Spool.ResumeAsync("example.net", Token));
        Assert.Equal("example.net", (await spool.LeaseOneAsync()).Destination);
        spool.Time.Advance(TimeSpan.FromHours(2));
        Assert.Contains(await spool.LeaseAsync(), l => l.Destination == "example.org");
    }

    [Fact]
    public async Task Waiting_ends_when_something_comes_in_and_when_its_time_has_come()
    {
        using var spool = new TestSpool();
        await spool.Spool.WaitForWorkAsync(Token);
        Assert.Empty(await spool.LeaseAsync());
        Task waiting = spool.Spool.WaitForWorkAsync(Token).AsTask();
        Assert.False(waiting.IsCompleted);

        await spool.EnqueueAsync("b@example.net");
        await waiting;
        await spool.CompleteAsync(await spool.LeaseOneAsync(), RecipientState.Queued, spool.Time.GetUtcNow().AddMinutes(5));
        Assert.Empty(await spool.LeaseAsync());

        waiting = spool.Spool.WaitForWorkAsync(Token).AsTask();
        spool.Time.Advance(TimeSpan.FromMinutes(6));
        await waiting;
        await spool.LeaseOneAsync();
    }

    [Fact]
    public async Task Many_at_once_share_commits_and_none_is_lost()
    {
        using var spool = new TestSpool();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(s => Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                await spool.EnqueueAsync($"u{i}@d{s}.example");
            }
        })));
        spool.Reopen();

        Assert.Equal(2000, (await spool.Spool.FiguresAsync(Token)).Waiting);
        var seen = new HashSet<MessageId>();
        while (await spool.LeaseAsync(300) is { Count: > 0 } leases)
        {
            Assert.All(leases, l => Assert.True(seen.Add(l.Message.Id)));
        }

        Assert.Equal(2000, seen.Count);
    }

    [Fact]
    public void A_second_owner_is_refused_and_told_who_the_first_is()
    {
        using var spool = new TestSpool();

        SpoolException error = Assert.Throws<SpoolException>(() => SqliteSpool.Open(spool.Options));

        Assert.Equal(SpoolFailure.Locked, error.Failure);
        Assert.Contains($"process {Environment.ProcessId} ", error.Message, StringComparison.Ordinal);
        using (SqliteSpool.Open(spool.Options with { IsOwner = false }))
        {
        }
    }

    [Fact]
    public void Ids_are_version_7_sort_by_age_and_read_back()
    {
        using var spool = new TestSpool();
        MessageId[] ids = [.. Enumerable.Range(0, 10_000).Select(_ => spool.Spool.NewId())];

        Assert.Equal(ids.Order(), ids);
        Assert.Equal(10_000, ids.Distinct().Count());
        Assert.All(ids.Take(10), id =>
        {
            Assert.Equal(7, id.ToGuid().Version);
            Assert.Equal(id, MessageId.Parse(id.ToString()));
            Assert.Equal(id, MessageId.Create(id.Key, id.Tail));
        });
        Assert.False(MessageId.TryParse("x", out _));
    }

    private static async Task<Lease> LeaseWhenThereAsync(TestSpool spool)
    {
        while (true)
        {
            if (await spool.LeaseAsync() is [var one])
            {
                return one;
            }

            spool.Time.Advance(TimeSpan.FromSeconds(1));
            await spool.Spool.WaitForWorkAsync(Token);
        }
    }
}
