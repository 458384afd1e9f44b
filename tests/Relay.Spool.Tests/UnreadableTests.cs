using System.Text;
using Smtp.Interop;

namespace Relay.Spool.Tests;

/// <summary>Rows and bodies that cannot be read: they are set aside, told of, and the rest of the queue goes on.</summary>
public sealed class UnreadableTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("DELETE FROM messages WHERE key = $key", "row is missing")]
    [InlineData("UPDATE messages SET labels = '{oops' WHERE key = $key", "labels are broken")]
    [InlineData("UPDATE recipients SET path = '' WHERE message = $key", "path is none")]
    public async Task A_row_that_makes_no_sense_is_set_aside_and_the_next_one_is_leased(string damage, string reason)
    {
        var log = new LogLines();
        using var spool = new TestSpool(o => o with { Logger = log });
        MessageId broken = await spool.EnqueueAsync("b@example.net");
        MessageId whole = await spool.EnqueueAsync("c@example.net");
        Assert.Equal(1, spool.Damage(damage, broken));

        // A message that has lost its row has nobody to tell: the spool sets it aside by itself.
        foreach (Lease lease in await spool.LeaseAsync())
        {
            if (lease.Message.Id == broken)
            {
                await spool.QuarantineAsync(lease, lease.Unreadable!);
            }
            else
            {
                Assert.Equal((whole, null), (lease.Message.Id, lease.Unreadable));
            }
        }

        SpoolEvent last = (await spool.Spool.EventsAfterAsync(0, 100, Token))[^1];
        Assert.Equal((SpoolEventType.Quarantined, "unreadable", broken.Key), (last.Type, last.Reason, last.MessageId.Key));
        Assert.Contains(reason, last.Reply.Text, StringComparison.Ordinal);
        Assert.Contains(log.Lines, l => l.Contains("is quarantined", StringComparison.Ordinal) && l.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(new QueueFigures(0, 1, 0, spool.Time.GetUtcNow()), await spool.Spool.FiguresAsync(Token));
        spool.Reopen();
        Assert.Equal(whole, (await spool.LeaseOneAsync()).Message.Id);
    }

    [Fact]
    public async Task A_message_that_has_lost_its_row_can_be_listed_shown_and_purged()
    {
        using var spool = new TestSpool();
        MessageId broken = await spool.EnqueueAsync("b@example.net");
        Assert.Equal(1, spool.Damage("DELETE FROM messages WHERE key = $key", broken));
        Assert.Empty(await spool.LeaseAsync());
        Assert.Equal("Subject: x\r\n\r\nHello\r\n", spool.Aside(broken));
        var filter = new QueueFilter { States = [RecipientState.Quarantined] };

        MessageId id = Assert.Single(await spool.Spool.ListAsync(filter, cancellationToken: Token)).Message.Id;
        Assert.Equal(broken.Key, id.Key);
        Assert.NotNull(await spool.Spool.FindAsync(id, Token));
        Assert.Equal("b@example.net", (await spool.RecipientAsync(id)).ForwardPath);
        Assert.Equal([SpoolEventType.Accepted, SpoolEventType.Quarantined], await spool.EventTypesAsync(id));
        Assert.Equal(1, await spool.Spool.PurgeAsync(filter, Token));
        Assert.Empty(await spool.Spool.ListAsync(filter, cancellationToken: Token));
        Assert.Null(await spool.Spool.FindAsync(id, Token));
        Assert.Null(spool.Aside(broken));
    }

    [Fact]
    public async Task A_broken_page_of_rows_costs_its_messages_and_no_others()
    {
        using var spool = new TestSpool();
        List<MessageId> all = [];
        for (int i = 0; i < 300; i++)
        {
            NewMessage message = spool.Message(f => f with { Subject = $"subject-{i:D4}-{new string('x', 100)}" }, "x\r\n", "b@example.net");
            await spool.Spool.EnqueueAsync(message, Token);
            all.Add(message.Id);
        }

        // A leaf in the middle of the table: its first octet says what it is (the file format's section 1.6).
        int hit = BreakPage(spool, page => page[0] == 0x0D && Contains(page, "subject-0150-"), page => page[0] = 0xEE);
        Assert.Equal(1, hit);
        var leased = new HashSet<MessageId>();
        while (await spool.LeaseAsync(100) is { Count: > 0 } leases)
        {
            Assert.All(leases, l => Assert.True(leased.Add(l.Message.Id)));
        }

        Assert.DoesNotContain(all[150], leased);
        Assert.InRange(leased.Count, 250, 299);
        Assert.Equal(300 - leased.Count, (await spool.Spool.EventsAfterAsync(300, 1000, Token)).Count(e => e.Type == SpoolEventType.Quarantined));
        Assert.Equal(0, (await spool.Spool.FiguresAsync(Token)).Waiting);
        Assert.Null(spool.Spool.Failure);

        // And the queue takes more.
        MessageId next = await spool.EnqueueAsync("c@example.net");
        Assert.Equal(next, (await spool.LeaseOneAsync()).Message.Id);
    }

    [Theory]
    [InlineData("DELETE FROM content WHERE message = $key", "missing", false)]
    [InlineData("UPDATE content SET octets = substr(octets, 1, 5) WHERE message = $key", "has 5 octets", true)]
    public async Task A_body_that_is_not_whole_is_unreadable_and_what_is_left_is_kept(string damage, string reason, bool isLeft)
    {
        using var spool = new TestSpool();
        MessageId id = await spool.EnqueueAsync("b@example.net");
        Assert.Equal(1, spool.Damage(damage, id));
        Lease lease = await spool.LeaseOneAsync();

        await UnreadableAsync(spool, lease, reason);

        string aside = Path.Combine(spool.Folder, "quarantine", id.ToString());
        Assert.Equal(isLeft, File.Exists(aside));
        Assert.True(!isLeft || await File.ReadAllTextAsync(aside, Token) == "Subje");
    }

    [Fact]
    public async Task A_body_on_a_broken_page_is_unreadable()
    {
        using var spool = new TestSpool();
        NewMessage message = spool.Message(f => f, "Subject: x\r\n\r\n" + string.Concat(Enumerable.Range(0, 2000).Select(i => $"line-{i:D5}\r\n")), "b@example.net");
        await spool.Spool.EnqueueAsync(message, Token);

        // A page of a body begins with the number of the next one.
        Assert.Equal(1, BreakPage(spool, page => Contains(page, "line-01000"), page => page.AsSpan(0, 4).Fill(0xEE)));

        await UnreadableAsync(spool, await spool.LeaseOneAsync(), "malformed");
        Assert.Null(spool.Spool.Failure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_gone_or_cut_off_is_unreadable(bool isGone)
    {
        using var spool = new TestSpool();
        MessageId id = spool.Spool.NewId();
        NewMessage message;
        await using (BodyFileWriter file = spool.Spool.CreateBodyFile(id))
        {
            await file.WriteAsync("Subject: x\r\n\r\nHello\r\n"u8.ToArray(), Token);
            message = spool.Message("b@example.net") with { Id = id, Content = await file.FinishAsync(Token) };
            await spool.Spool.EnqueueAsync(message, Token);
            file.Keep();
        }

        string path = Directory.GetFiles(Path.Combine(spool.Folder, "bodies"), "*", SearchOption.AllDirectories).Single();
        if (isGone)
        {
            File.Delete(path);
        }
        else
        {
            using FileStream file = File.OpenWrite(path);
            file.SetLength(10);
        }

        await UnreadableAsync(spool, await spool.LeaseOneAsync(), isGone ? "file is missing" : "its file has 10 octets");
        Assert.Equal(!isGone, File.Exists(Path.Combine(spool.Folder, "quarantine", id.ToString())));
        Assert.Empty(Directory.GetFiles(Path.Combine(spool.Folder, "bodies"), "*", SearchOption.AllDirectories));
    }

    /// <summary>What delivery does: it finds the content unreadable and sets the message aside.</summary>
    private static async Task UnreadableAsync(TestSpool spool, Lease lease, string reason)
    {
        SpoolException error = await Assert.ThrowsAsync<SpoolException>(async () => await spool.Spool.OpenContentAsync(lease.Message, Token));
        Assert.Equal(SpoolFailure.Unreadable, error.Failure);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        await spool.QuarantineAsync(lease, error.Message);

        StoredRecipient recipient = await spool.RecipientAsync(lease.Message.Id);
        Assert.Equal(RecipientState.Quarantined, recipient.State);
        Assert.Equal([SpoolEventType.Accepted, SpoolEventType.Quarantined], await spool.EventTypesAsync(lease.Message.Id));
        Assert.False((await spool.Spool.FindAsync(lease.Message.Id, Token))!.HasContent);
        Assert.Equal(new QueueFigures(0, 0, 0, null), await spool.Spool.FiguresAsync(Token));
    }

    /// <summary>Breaks pages of the closed database, and opens it again. Returns how many.</summary>
    private static int BreakPage(TestSpool spool, Func<byte[], bool> which, Action<byte[]> how)
    {
        // The last connection that is closed moves all into the database's own file.
        spool.Spool.Dispose();
        string path = Path.Combine(spool.Folder, "spool.db");
        byte[] all = File.ReadAllBytes(path);
        const int Size = 4096;
        int broken = 0;
        for (int at = Size; at < all.Length; at += Size)
        {
            byte[] page = all[at..(at + Size)];
            if (which(page))
            {
                how(page);
                page.CopyTo(all, at);
                broken++;
            }
        }

        File.WriteAllBytes(path, all);
        spool.Reopen();
        return broken;
    }

    private static bool Contains(byte[] page, string text) => page.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0;
}
