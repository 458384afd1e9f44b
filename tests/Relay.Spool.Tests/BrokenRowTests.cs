using Microsoft.Data.Sqlite;

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
        Damage(spool, damage);
        MessageId sound = await spool.EnqueueAsync("c@example.net");

        Lease lease = await spool.LeaseOneAsync();

        Assert.Equal(sound, lease.Message.Id);
        Assert.Equal(CompletionResult.Stored, await spool.CompleteAsync(lease, RecipientState.Delivered));
        IReadOnlyList<QueueItem> all = await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token);
        Assert.Equal([RecipientState.Quarantined, RecipientState.Delivered], all.Select(i => i.Recipient.State));
        Assert.Equal(SpoolEventType.Quarantined, (await spool.EventTypesAsync(broken))[^1]);
        Assert.NotNull(await spool.Spool.FindAsync(broken, Token));
        Assert.Equal(4, (await spool.Spool.EventsAfterAsync(0, 100, Token)).Count);
        Assert.Equal(2, await spool.Spool.PurgeAsync(new QueueFilter(), Token));
        Assert.Empty(await spool.Spool.ListAsync(new QueueFilter(), cancellationToken: Token));
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

    private static void Damage(TestSpool spool, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(spool.Folder, "spool.db"), Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}
