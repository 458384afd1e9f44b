using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// Figures from the event log. The sums and the place up to which events are in them change in one transaction: after a crash nothing is counted twice or
/// not at all.
/// </summary>
/// <remarks>
/// An event goes into the hour's sums of each <see cref="FigureKind"/>; a day's are made of its hours' when it is over. Whoever asks reads the few rows of the
/// coarsest sums that answer it, however many events are in them. Tests and simulated recipients are not counted.
/// </remarks>
internal sealed class FigureStore(HttpStore store)
{
    // Tags whose days are summed up in one transaction: nobody waits for the store longer than that takes.
    private const int TagsAtOnce = 20;

    private static readonly TimeSpan MinutesKept = TimeSpan.FromDays(2);

    private readonly FigureNames _names = new();

    /// <summary>The last event that is in the sums.</summary>
    internal long Cursor() => store.Read(connection => Number(connection, "SELECT event_id FROM figure_cursor"));

    /// <summary>Adds events, which follow the last that is in the sums.</summary>
    internal async Task AddAsync(IReadOnlyList<SpoolEvent> events, CancellationToken cancellationToken)
    {
        Dictionary<FigureKey, FigureCounts> sums = [];
        foreach (SpoolEvent happened in events)
        {
            Add(sums, happened);
        }

        Dictionary<string, long> fresh = new(StringComparer.Ordinal);
        await store.WriteAsync(
            (connection, transaction) =>
            {
                long daysUntil = Number(connection, "SELECT days_until FROM figure_cursor", transaction);
                using var row = new FigureRow(connection, transaction);
                foreach ((FigureKey key, FigureCounts counts) in sums)
                {
                    long tag = _names.Id(transaction, key.Tag, fresh);
                    long recipient = _names.Id(transaction, key.Recipient, fresh);
                    long sender = _names.Id(transaction, key.Sender, fresh);
                    row.Add(key.Grain, key.Kind, tag, key.Start, recipient, sender, counts);
                    if (key.Grain == FigureGrain.Hour && key.Start < daysUntil)
                    {
                        // It came late: its day is summed up already.
                        row.Add(FigureGrain.Day, key.Kind, tag, key.Start / FigureQuery.SecondsOfDay * FigureQuery.SecondsOfDay, recipient, sender, counts);
                    }
                }

                transaction.Run("UPDATE figure_cursor SET event_id = $1", events[^1].Id);
            },
            cancellationToken).ConfigureAwait(false);
        _names.Remember(fresh);
    }

    /// <summary>
    /// Sums up the days that are over. What is done twice comes out the same, as days are made of hours and replaced: a day counts as done only when all of it
    /// is. Not at the same time as <see cref="AddAsync"/>.
    /// </summary>
    /// <param name="until">Days that end by then are over.</param>
    /// <param name="cancellationToken">Leaves the rest for the next time.</param>
    internal async Task SumDaysAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        while (store.Read(NextDay) is { } day && day + FigureQuery.SecondsOfDay <= until.ToUnixTimeSeconds())
        {
            foreach (FigureKind kind in Enum.GetValues<FigureKind>())
            {
                List<long> tags = store.Read(connection => connection.All(
                    reader => reader.GetInt64(0),
                    """
                    WITH RECURSIVE t(tag) AS (
                        SELECT min(tag) FROM figures WHERE grain = 0 AND kind = $1
                        UNION ALL SELECT (SELECT min(tag) FROM figures WHERE grain = 0 AND kind = $1 AND tag > t.tag) FROM t WHERE tag IS NOT NULL)
                    SELECT tag FROM t WHERE tag IS NOT NULL
                    """,
                    (int)kind));
                foreach (long[] some in tags.Chunk(TagsAtOnce))
                {
                    await store.WriteAsync((connection, transaction) => SumDay(connection, transaction, kind, some, day), cancellationToken).ConfigureAwait(false);
                }
            }

            await store.WriteAsync(
                (_, transaction) => transaction.Run("UPDATE figure_cursor SET days_until = $1", day + FigureQuery.SecondsOfDay), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets the minutes of long ago.</summary>
    internal Task PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run(
            "DELETE FROM figures WHERE grain = 2 AND kind IN (0, 1) AND tag = 0 AND start < $1", (now - MinutesKept).ToUnixTimeSeconds()), cancellationToken);

    /// <summary>Reads sums.</summary>
    /// <param name="query">Which.</param>
    /// <returns>By group, in no order.</returns>
    internal Dictionary<FigureGroup, FigureCounts> Read(FigureQuery query) => store.Read(connection =>
    {
        var groups = new Dictionary<FigureGroup, FigureCounts>();
        long? tag = _names.Find(connection, query.Tag);
        long? recipient = _names.Find(connection, query.RecipientDomain);
        long? sender = _names.Find(connection, query.SenderDomain);
        if (tag == -1 || recipient == -1 || sender == -1)
        {
            return groups;
        }

        // One look at the database: no day is summed up between one span and the next.
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: true);
        long daysUntil = Number(connection, "SELECT days_until FROM figure_cursor", transaction);
        bool isEveryTag = query.GroupBy == FigureGrouping.Tag && tag is null;
        foreach ((FigureGrain grain, long from, long to) in query.Spans(daysUntil))
        {
            // The key's order is that of the conditions: for a tag, one range of rows is read; for all tags, one for each.
            using SqliteCommand command = connection.Command(
                isEveryTag
                    ? """
                      WITH RECURSIVE t(tag) AS (
                          SELECT min(tag) FROM figures WHERE grain = $1 AND kind = $2
                          UNION ALL SELECT (SELECT min(tag) FROM figures WHERE grain = $1 AND kind = $2 AND tag > t.tag) FROM t WHERE tag IS NOT NULL)
                      SELECT f.tag, f.recipient, f.start, f.sender, f.counts FROM t CROSS JOIN figures f
                      WHERE f.grain = $1 AND f.kind = $2 AND f.tag = t.tag AND f.start >= $4 AND f.start < $5
                          AND ($6 IS NULL OR f.recipient = $6) AND ($7 IS NULL OR f.sender = $7)
                      """
                    : """
                      SELECT tag, recipient, start, sender, counts FROM figures
                      WHERE grain = $1 AND kind = $2 AND tag = $3 AND start >= $4 AND start < $5 AND ($6 IS NULL OR recipient = $6) AND ($7 IS NULL OR sender = $7)
                      """,
                (int)grain, (int)query.Kind, tag ?? 0, from, to, recipient, sender);
            command.Transaction = transaction;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                FigureGroup group = Group(connection, query, reader);
                if (!groups.TryGetValue(group, out FigureCounts? counts))
                {
                    groups[group] = counts = new FigureCounts();
                }

                counts.AddBytes(reader.GetFieldValue<byte[]>(4));
            }
        }

        return groups;
    });

    private FigureGroup Group(SqliteConnection connection, FigureQuery query, SqliteDataReader reader) => new(
        query.GroupBy switch
        {
            FigureGrouping.Tag => _names.Name(connection, reader.GetInt64(0)),
            FigureGrouping.RecipientDomain => _names.Name(connection, reader.GetInt64(1)),
            FigureGrouping.SenderDomain => _names.Name(connection, reader.GetInt64(3)),
            _ => null,
        },
        query.Interval switch
        {
            FigureInterval.Minute or FigureInterval.Hour => reader.GetInt64(2),
            FigureInterval.Day => reader.GetInt64(2) / FigureQuery.SecondsOfDay * FigureQuery.SecondsOfDay,
            _ => null,
        });

    private static void Add(Dictionary<FigureKey, FigureCounts> sums, SpoolEvent happened)
    {
        if (happened.Message is not { IsTest: false } message || Simulator.IsSimulated(happened.Destination))
        {
            return;
        }

        long second = happened.At.ToUnixTimeSeconds();
        long minute = second / FigureQuery.SecondsOfMinute * FigureQuery.SecondsOfMinute;
        long hour = second / FigureQuery.SecondsOfHour * FigureQuery.SecondsOfHour;
        string sender = message.SenderDomain.Length == 0 ? "-" : message.SenderDomain;
        string recipient = happened.Destination.Length == 0 ? "-" : happened.Destination;
        AddTo(new FigureKey(FigureKind.Total, string.Empty, string.Empty, string.Empty, FigureGrain.Minute, minute));
        AddTo(new FigureKey(FigureKind.Sender, string.Empty, string.Empty, sender, FigureGrain.Minute, minute));
        AddTo(new FigureKey(FigureKind.Total, string.Empty, string.Empty, string.Empty, FigureGrain.Hour, hour));
        AddTo(new FigureKey(FigureKind.Sender, string.Empty, string.Empty, sender, FigureGrain.Hour, hour));
        AddTo(new FigureKey(FigureKind.Recipient, string.Empty, recipient, string.Empty, FigureGrain.Hour, hour));
        AddTo(new FigureKey(FigureKind.RecipientAndSender, string.Empty, recipient, sender, FigureGrain.Hour, hour));
        foreach (string tag in message.Tags)
        {
            AddTo(new FigureKey(FigureKind.Tag, tag, string.Empty, sender, FigureGrain.Hour, hour));
            AddTo(new FigureKey(FigureKind.TagAndRecipient, tag, recipient, sender, FigureGrain.Hour, hour));
        }

        void AddTo(in FigureKey key)
        {
            if (!sums.TryGetValue(key, out FigureCounts? counts))
            {
                sums[key] = counts = new FigureCounts();
            }

            counts.Add(happened);
        }
    }

    /// <summary>The first day that is not summed up; null if there is nothing at all.</summary>
    private static long? NextDay(SqliteConnection connection)
    {
        long until = Number(connection, "SELECT days_until FROM figure_cursor");
        using SqliteCommand command = connection.Command("SELECT min(start) FROM figures WHERE grain = 0 AND kind = 0 AND tag = 0 AND start >= $1", until);
        return command.ExecuteScalar() is long first ? first / FigureQuery.SecondsOfDay * FigureQuery.SecondsOfDay : null;
    }

    private static void SumDay(SqliteConnection connection, SqliteTransaction transaction, FigureKind kind, long[] tags, long day)
    {
        using var row = new FigureRow(connection, transaction);
        foreach (long tag in tags)
        {
            Dictionary<(long Recipient, long Sender), FigureCounts> sums = [];
            using (SqliteCommand command = connection.Command(
                "SELECT recipient, sender, counts FROM figures WHERE grain = 0 AND kind = $1 AND tag = $2 AND start >= $3 AND start < $4",
                (int)kind, tag, day, day + FigureQuery.SecondsOfDay))
            {
                command.Transaction = transaction;
                using SqliteDataReader reader = command.ExecuteReader();
                while (reader.Read())
                {
                    (long, long) key = (reader.GetInt64(0), reader.GetInt64(1));
                    if (!sums.TryGetValue(key, out FigureCounts? counts))
                    {
                        sums[key] = counts = new FigureCounts();
                    }

                    counts.AddBytes(reader.GetFieldValue<byte[]>(2));
                }
            }

            foreach (((long recipient, long sender), FigureCounts counts) in sums)
            {
                row.Replace(FigureGrain.Day, kind, tag, day, recipient, sender, counts);
            }
        }
    }

    private static long Number(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.Command(sql);
        command.Transaction = transaction;
        return (long)command.ExecuteScalar()!;
    }
}
