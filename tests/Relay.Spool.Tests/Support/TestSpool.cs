using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Smtp.Interop;

namespace Relay.Spool.Tests;

/// <summary>A spool in a folder of its own, under a clock that stands still.</summary>
internal sealed class TestSpool : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal TestSpool(Func<SpoolOptions, SpoolOptions>? with = null)
    {
        Options = new SpoolOptions { Path = _folder["spool"], TimeProvider = Time };
        Options = with?.Invoke(Options) ?? Options;
        Spool = SqliteSpool.Open(Options);
    }

    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    internal SpoolOptions Options { get; }

    internal SqliteSpool Spool { get; private set; }

    internal string Folder => Options.Path;

    /// <summary>As after the end of the process: leases are where they were.</summary>
    internal void Reopen()
    {
        Spool.Dispose();
        Spool = SqliteSpool.Open(Options);
    }

    internal NewMessage Message(params string[] recipients) => Message(f => f, "Subject: x\r\n\r\nHello\r\n", recipients);

    internal NewMessage Message(Func<MessageFacts, MessageFacts> with, string content, params string[] recipients) => new()
    {
        Id = Spool.NewId(),
        Facts = with(new MessageFacts { ReversePath = "a@example.com", SenderDomain = "example.com" }),
        Recipients = [.. recipients.Select(NewRecipient.Of)],
        Content = NewContent.FromMemory(Encoding.ASCII.GetBytes(content)),
    };

    internal async Task<MessageId> EnqueueAsync(params string[] recipients)
    {
        NewMessage message = Message(recipients);
        await Spool.EnqueueAsync(message, TestContext.Current.CancellationToken);
        return message.Id;
    }

    internal async Task<IReadOnlyList<Lease>> LeaseAsync(int maximum = 50, Func<string, string, int>? roomFor = null) =>
        await Spool.LeaseAsync(new LeaseRequest { Maximum = maximum, RoomFor = roomFor }, TestContext.Current.CancellationToken);

    internal async Task<Lease> LeaseOneAsync() => Assert.Single(await LeaseAsync());

    internal async Task<CompletionResult> CompleteAsync(Lease lease, RecipientState state, DateTimeOffset next = default) => await Spool.CompleteAsync(
        new Completion(lease, [.. lease.Recipients.Select(r => new RecipientOutcome(r.Index, state, new RecipientReply(250, "2.0.0", "OK", "mx.example.net")) { NextAttemptAt = next })]),
        TestContext.Current.CancellationToken);

    /// <summary>What delivery does with what cannot be read.</summary>
    internal async Task QuarantineAsync(Lease lease, string why) => Assert.Equal(
        CompletionResult.Stored,
        await Spool.CompleteAsync(
            new Completion(lease, [.. lease.Recipients.Select(r => new RecipientOutcome(r.Index, RecipientState.Quarantined, new RecipientReply(0, "5.3.0", why, string.Empty)) { Reason = "unreadable", WasAttempted = false })]),
            TestContext.Current.CancellationToken));

    /// <summary>What is left of a message in the quarantine folder; null if nothing is.</summary>
    internal string? Aside(MessageId id)
    {
        string? path = Directory.GetFiles(Path.Combine(Folder, "quarantine"), id.ToString()[..16] + "*").SingleOrDefault();
        return path is null ? null : File.ReadAllText(path);
    }

    /// <summary>Changes the database behind the spool's back.</summary>
    /// <returns>How many rows.</returns>
    internal int Damage(string sql, MessageId id = default)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$key", id.Key);
        return command.ExecuteNonQuery();
    }

    /// <summary>Asks the database itself.</summary>
    internal long Count(string sql)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Lets the upkeep of a minute run, and waits for it.</summary>
    internal async Task UpkeepAsync()
    {
        long before = Spool.Upkeeps;
        while (Spool.Upkeeps == before)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    internal async Task<StoredRecipient> RecipientAsync(MessageId id, int index = 0) =>
        (await Spool.RecipientsAsync(id, TestContext.Current.CancellationToken))[index];

    internal async Task<SpoolEventType[]> EventTypesAsync(MessageId id) =>
        [.. (await Spool.EventsAsync(id, TestContext.Current.CancellationToken)).Select(e => e.Type)];

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(Folder, "spool.db"), Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        return connection;
    }

    public void Dispose()
    {
        Spool.Dispose();
        _folder.Dispose();
    }
}
