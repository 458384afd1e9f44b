namespace Relay.Spool.Tests;

/// <summary>Rows that make no sense: by a broken disk, or by a hand that should not have been there. They are set aside, and shown, and stop nothing.</summary>
public sealed class BrokenRowTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("UPDATE messages SET labels = '{x'")]
    [InlineData("UPDATE messages SET scheduled_at = 9000000000000000000")]
    [InlineData("UPDATE messages SET reverse_path = 'no path>'")]
    [InlineData("UPDATE recipients SET path = 'b b@example.net'")]
    [InlineData("UPDATE recipients SET path = ''")]
    [InlineData("UPDATE recipients SET done_at = 9000000000000000000, path = ''")]
    public async Task A_broken_row_is_set_aside_and_shown_and_the_others_go_on(string damage)
    {
        using var spool = new TestSpool();
        MessageId broken = await spool.EnqueueAsync("b@example.net");
        Assert.Equal(1, spool.Damage(damage));
        MessageId sound = await spool.EnqueueAsync("c@example.net");

        IReadOnlyList<Lease> leases = await spool.LeaseAsync();

        Assert.Equal([(broken, true), (sound, false)], leases.Select(l => (l.Message.Id, l.Unreadable is not null)));
        await spool.QuarantineAsync(leases[0], leases[0].Unreadable!);
        Assert.Equal(CompletionResult.Stored, await spool.CompleteAsync(leases[1], RecipientState.Delivered));
        IReadOnlyList<QueueItem> all = await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token);
        Assert.Equal([RecipientState.Quarantined, RecipientState.Delivered], all.Select(i => i.Recipient.State));
        Assert.Equal(SpoolEventType.Quarantined, (await spool.EventTypesAsync(broken))[^1]);
        Assert.False((await spool.Spool.FindAsync(broken, Token))!.HasContent);
        Assert.Equal("Subject: x\r\n\r\nHello\r\n", spool.Aside(broken));
        Assert.Equal(0, spool.Count("SELECT count(*) FROM content"));
        Assert.Equal(4, (await spool.Spool.EventsAfterAsync(0, 100, Token)).Count);
        Assert.Equal(2, await spool.Spool.PurgeAsync(new QueueFilter(), Token));
        Assert.Empty(await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token));
        Assert.Null(spool.Aside(broken));
    }

    [Fact]
    public async Task A_broken_recipient_costs_its_message_no_other_and_the_content_is_kept_when_all_are_done()
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net", "c@example.net");
        Assert.Equal(1, spool.Damage("UPDATE recipients SET path = '' WHERE idx = 0"));

        IReadOnlyList<Lease> leases = await spool.LeaseAsync();

        Assert.Equal([true, false], leases.Select(l => l.Unreadable is not null));
        await spool.QuarantineAsync(leases[0], leases[0].Unreadable!);
        Assert.Null(spool.Aside(id));
        Assert.True((await spool.Spool.FindAsync(id, Token))!.HasContent);
        Assert.Equal(CompletionResult.Stored, await spool.CompleteAsync(leases[1], RecipientState.Delivered));
        Assert.Equal("Subject: x\r\n\r\nHello\r\n", spool.Aside(id));
        Assert.False((await spool.Spool.FindAsync(id, Token))!.HasContent);
    }

    [Fact]
    public async Task What_was_set_aside_goes_when_its_time_is_over_like_all_that_is_done()
    {
        using var spool = new TestSpool();
        MessageId broken = await spool.EnqueueAsync("b@example.net");
        MessageId lost = await spool.EnqueueAsync("c@example.net");
        Assert.Equal(1, spool.Damage("UPDATE messages SET labels = '{x' WHERE key = $key", broken));
        Assert.Equal(1, spool.Damage("DELETE FROM messages WHERE key = $key", lost));
        Lease lease = await spool.LeaseOneAsync();
        await spool.QuarantineAsync(lease, lease.Unreadable!);
        Assert.NotNull(spool.Aside(broken));
        Assert.NotNull(spool.Aside(lost));

        spool.Time.Advance(TimeSpan.FromDays(31));
        await spool.UpkeepAsync();

        Assert.Equal(0, spool.Count("SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM recipients) + (SELECT count(*) FROM content)"));
        Assert.Null(spool.Aside(broken));
        Assert.Null(spool.Aside(lost));
    }

    [Fact]
    public async Task The_databases_are_for_their_owner_only_whoever_may_look_into_the_folder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        using var spool = new TestSpool(options =>
        {
            Directory.CreateDirectory(options.Path, (UnixFileMode)0b111_101_101);
            return options;
        });
        await spool.EnqueueAsync("b@example.net");

        string[] files = Directory.GetFiles(spool.Folder, "spool.db*");

        Assert.Contains(Path.Combine(spool.Folder, "spool.db-wal"), files);
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }
}
