using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// Figures from the event log. The sums and the place up to which events are in them change in one transaction: after a crash nothing is counted twice or
/// not at all.
/// </summary>
/// <remarks>
/// An event goes into the hour's sums of each <see cref="FigureKind"/>; a day's are made of its hours' when it is over, those of four and sixteen days of theirs.
/// Whoever asks reads the few rows of the coarsest sums that answer it, however many events are in them. Tests and simulated recipients are not counted.
/// </remarks>
internal sealed class FigureStore(HttpStore store)
{
    // Tags whose days are summed up in one transaction: nobody waits for the store longer than that takes.
    private const int TagsAtOnce = 20;

    private static readonly TimeSpan MinutesKept = TimeSpan.FromDays(2);

    // What is summed up of what, in this order.
    private static readonly (FigureGrain Grain, FigureGrain Of)[] Sums =
        [(FigureGrain.Day, FigureGrain.Hour), (FigureGrain.FourDays, FigureGrain.Day), (FigureGrain.SixteenDays, FigureGrain.FourDays)];

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
                    foreach ((FigureGrain grain, _) in Sums)
                    {
                        long length = FigureQuery.Length(grain);
                        long start = key.Start / length * length;
                        if (key.Grain == FigureGrain.Hour && start + length <= daysUntil)
                        {
                            // It came late: its day, and what is longer, is summed up already.
                            row.Add(grain, key.Kind, tag, start, recipient, sender, counts);
                        }
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
            foreach ((FigureGrain grain, FigureGrain of) in Sums)
            {
                long length = FigureQuery.Length(grain);
                long start = day / length * length;
                if (start + length == day + FigureQuery.SecondsOfDay)
                {
                    await SumAsync(grain, of, start, cancellationToken).ConfigureAwait(false);
                }
            }

            await store.WriteAsync(
                (_, transaction) => transaction.Run("UPDATE figure_cursor SET days_until = $1", day + FigureQuery.SecondsOfDay), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets the minutes of long ago.</summary>
    internal Task PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run(
            "DELETE FROM figures WHERE grain = 2 AND kind IN (0, 1) AND start < $1", (now - MinutesKept).ToUnixTimeSeconds()), cancellationToken);

    /// <summary>Reads sums.</summary>
    /// <param name="query">Which.</param>
    /// <returns>By group, in no order.</returns>
    internal Dictionary<FigureGroup, FigureCounts> Read(FigureQuery query) => store.Read(connection =>
    {
        var found = new Dictionary<FigureGroup, FigureCounts>();
        long? tag = _names.Find(connection, query.Tag);
        long? recipient = _names.Find(connection, query.RecipientDomain);
        long? sender = _names.Find(connection, query.SenderDomain);
        if (tag == -1 || recipient == -1 || sender == -1)
        {
            return found;
        }

        // One look at the database: no day is summed up between one grain and the next.
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: true);
        long daysUntil = Number(connection, "SELECT days_until FROM figure_cursor", transaction);
        long[]? groups = query.Groups is null ? null : [.. query.Groups.Select(name => _names.Find(connection, name) ?? 0)];
        HashSet<long>? wanted = groups is null ? null : [.. groups];
        foreach ((FigureGrain grain, long[] starts) in query.Times(daysUntil))
        {
            // The key's order is that of the conditions: each start, tag and recipient is one step down the tree to the few rows that are asked for.
            long[]? tags = query.Kind switch
            {
                FigureKind.Tag or FigureKind.TagAndRecipient => Whole(tag, FigureGrouping.Tag) ?? (recipient is null ? null : Known(FigureKind.Tag)),
                FigureKind.SenderAndRecipient => Whole(sender, FigureGrouping.SenderDomain) ?? Known(FigureKind.Sender),
                _ => [0],
            };
            long[]? recipients = query.Kind is FigureKind.Total or FigureKind.Sender or FigureKind.Tag ? null : Whole(recipient, FigureGrouping.RecipientDomain);
            using SqliteCommand command = connection.Command(
                $"""
                SELECT f.tag, f.recipient, f.start, f.sender, f.counts FROM json_each($3) s
                {(tags is null ? string.Empty : "CROSS JOIN json_each($4) t")} {(recipients is null ? string.Empty : "CROSS JOIN json_each($5) r")} CROSS JOIN figures f
                WHERE f.grain = $1 AND f.kind = $2 AND f.start = s.value {(tags is null ? string.Empty : "AND f.tag = t.value")}
                    {(recipients is null ? string.Empty : "AND f.recipient = r.value")} AND ($6 IS NULL OR f.sender = $6)
                """,
                (int)grain, (int)query.Kind, Json(starts), tags is null ? null : Json(tags), recipients is null ? null : Json(recipients), sender);
            command.Transaction = transaction;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                if (wanted is not null && !wanted.Contains(reader.GetInt64(Column(query.GroupBy))))
                {
                    continue;
                }

                FigureGroup group = Group(connection, query, reader);
                if (!found.TryGetValue(group, out FigureCounts? counts))
                {
                    found[group] = counts = new FigureCounts();
                }

                counts.AddBytes(reader.GetFieldValue<byte[]>(4));
            }

            long[]? Whole(long? one, FigureGrouping grouping) => one is { } only ? [only] : query.GroupBy == grouping ? groups : null;

            long[] Known(FigureKind kind)
            {
                using SqliteCommand names = connection.Command(
                    $"SELECT DISTINCT {(kind == FigureKind.Tag ? "f.tag" : "f.sender")} FROM json_each($3) s CROSS JOIN figures f WHERE f.grain = $1 AND f.kind = $2 AND f.start = s.value",
                    (int)grain, (int)kind, Json(starts));
                names.Transaction = transaction;
                using SqliteDataReader all = names.ExecuteReader();
                List<long> ids = [];
                while (all.Read())
                {
                    ids.Add(all.GetInt64(0));
                }

                return [.. ids];
            }
        }

        return found;
    });

    private FigureGroup Group(SqliteConnection connection, FigureQuery query, SqliteDataReader reader) => new(
        query.GroupBy == FigureGrouping.None ? null : _names.Name(connection, reader.GetInt64(Column(query.GroupBy))),
        query.Interval switch
        {
            FigureInterval.Minute or FigureInterval.Hour => reader.GetInt64(2),
            FigureInterval.Day => reader.GetInt64(2) / FigureQuery.SecondsOfDay * FigureQuery.SecondsOfDay,
            _ => null,
        });

    /// <summary>Where the group's name stands in a row of <see cref="Read"/>.</summary>
    private static int Column(FigureGrouping grouping) => grouping switch
    {
        FigureGrouping.Tag => 0,
        FigureGrouping.RecipientDomain => 1,
        _ => 3,
    };

    private static string Json(long[] numbers) => $"[{string.Join(',', numbers)}]";

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
        AddTo(new FigureKey(FigureKind.SenderAndRecipient, sender, recipient, sender, FigureGrain.Hour, hour));
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
        using SqliteCommand command = connection.Command("SELECT min(start) FROM figures WHERE grain = 0 AND kind = 0 AND start >= $1", until);
        return command.ExecuteScalar() is long first ? first / FigureQuery.SecondsOfDay * FigureQuery.SecondsOfDay : null;
    }

    private async Task SumAsync(FigureGrain grain, FigureGrain of, long start, CancellationToken cancellationToken)
    {
        long end = start + FigureQuery.Length(grain);
        List<long> starts = [];
        for (long time = start; time < end; time += FigureQuery.Length(of))
        {
            starts.Add(time);
        }

        string parts = Json([.. starts]);
        foreach (FigureKind kind in Enum.GetValues<FigureKind>())
        {
            List<long> tags = store.Read(connection => connection.All(
                reader => reader.GetInt64(0), "SELECT DISTINCT tag FROM figures WHERE grain = $1 AND kind = $2 AND start >= $3 AND start < $4", (int)of, (int)kind, start, end));
            foreach (long[] some in tags.Chunk(TagsAtOnce))
            {
                await store.WriteAsync((connection, transaction) => Sum(connection, transaction, some), cancellationToken).ConfigureAwait(false);
            }

            void Sum(SqliteConnection connection, SqliteTransaction transaction, long[] some)
            {
                Dictionary<(long Tag, long Recipient, long Sender), FigureCounts> sums = [];
                using (SqliteCommand command = connection.Command(
                    """
                    SELECT f.tag, f.recipient, f.sender, f.counts FROM json_each($3) s CROSS JOIN json_each($4) t CROSS JOIN figures f
                    WHERE f.grain = $1 AND f.kind = $2 AND f.start = s.value AND f.tag = t.value
                    """,
                    (int)of, (int)kind, parts, Json(some)))
                {
                    command.Transaction = transaction;
                    using SqliteDataReader reader = command.ExecuteReader();
                    while (reader.Read())
                    {
                        (long, long, long) key = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
                        if (!sums.TryGetValue(key, out FigureCounts? counts))
                        {
                            sums[key] = counts = new FigureCounts();
                        }

                        counts.AddBytes(reader.GetFieldValue<byte[]>(3));
                    }
                }

                using var row = new FigureRow(connection, transaction);
                foreach (((long tag, long recipient, long sender), FigureCounts counts) in sums)
                {
                    row.Replace(grain, kind, tag, start, recipient, sender, counts);
                }
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
