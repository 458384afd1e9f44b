using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// Figures from the event log. The sums and the place up to which events are in them change in one transaction: after a crash nothing is counted twice or
/// not at all.
/// </summary>
/// <remarks>
/// An event goes into the sums of each of its message's tags and of all together, with its recipient domain and without: whoever asks reads the few rows of
/// the coarsest sums that answer it. Tests and simulated recipients are not counted.
/// </remarks>
internal sealed class FigureStore(HttpStore store)
{
    private const int SecondsOfHour = 3600;
    private const int SecondsOfDay = 86400;
    private const int SecondsOfMinute = 60;

    private static readonly TimeSpan MinutesKept = TimeSpan.FromDays(2);

    // No name is empty, so that 0 can stand for all.
    private readonly ConcurrentDictionary<string, long> _names = new(StringComparer.Ordinal);

    /// <summary>The last event that is in the sums.</summary>
    internal long Cursor() => store.Read(connection =>
    {
        using SqliteCommand command = connection.Command("SELECT event_id FROM figure_cursor");
        return (long)command.ExecuteScalar()!;
    });

    /// <summary>Adds events, which follow the last that is in the sums.</summary>
    internal Task AddAsync(IReadOnlyList<SpoolEvent> events, CancellationToken cancellationToken)
    {
        Dictionary<FigureKey, FigureCounts> sums = [];
        foreach (SpoolEvent happened in events)
        {
            Add(sums, happened);
        }

        return store.WriteAsync(
            (connection, transaction) =>
            {
                using SqliteCommand read = connection.Command(
                    "SELECT counts FROM figures WHERE grain = $1 AND tag = $2 AND recipient = $3 AND start = $4 AND sender = $5", 0, 0, 0, 0, 0);
                using SqliteCommand write = connection.Command(
                    "INSERT OR REPLACE INTO figures (grain, tag, recipient, start, sender, counts) VALUES ($1, $2, $3, $4, $5, $6)", 0, 0, 0, 0, 0, null);
                (read.Transaction, write.Transaction) = (transaction, transaction);
                foreach ((FigureKey key, FigureCounts counts) in sums)
                {
                    object[] values = [(int)key.Grain, Id(transaction, key.Tag), Id(transaction, key.Recipient), key.Start, Id(transaction, key.Sender)];
                    for (int i = 0; i < values.Length; i++)
                    {
                        read.Parameters[i].Value = values[i];
                        write.Parameters[i].Value = values[i];
                    }

                    if (read.ExecuteScalar() is byte[] before)
                    {
                        counts.AddBytes(before);
                    }

                    write.Parameters[5].Value = counts.ToBytes();
                    write.ExecuteNonQuery();
                }

                transaction.Run("UPDATE figure_cursor SET event_id = $1", events[^1].Id);
            },
            cancellationToken);
    }

    /// <summary>Forgets the minutes of long ago.</summary>
    internal Task PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run(
            "DELETE FROM figures WHERE grain = 2 AND start < $1", (now - MinutesKept).ToUnixTimeSeconds()), cancellationToken);

    /// <summary>Reads sums.</summary>
    /// <param name="query">Which.</param>
    /// <returns>By group, in no order.</returns>
    internal Dictionary<FigureGroup, FigureCounts> Read(FigureQuery query) => store.Read(connection =>
    {
        var groups = new Dictionary<FigureGroup, FigureCounts>();
        long? tag = Known(connection, query.Tag);
        long? recipient = Known(connection, query.RecipientDomain);
        long? sender = Known(connection, query.SenderDomain);
        if (tag == -1 || recipient == -1 || sender == -1)
        {
            return groups;
        }

        Dictionary<long, string> names = [];
        bool byTag = query.GroupBy == FigureGrouping.Tag;
        bool byRecipient = query.GroupBy == FigureGrouping.RecipientDomain;
        foreach ((FigureGrain grain, long from, long to) in query.Spans())
        {
            // The key's order is that of the conditions: with a tag and a domain, or all, one range of rows is read.
            using SqliteCommand command = connection.Command(
                (byTag && tag is null, byRecipient && recipient is null) switch
                {
                    (true, _) => "SELECT tag, recipient, start, sender, counts FROM figures WHERE grain = $1 AND tag > 0 AND recipient = $3 AND start >= $4 AND start < $5 AND ($6 IS NULL OR sender = $6)",
                    (_, true) => "SELECT tag, recipient, start, sender, counts FROM figures WHERE grain = $1 AND tag = $2 AND recipient > 0 AND start >= $4 AND start < $5 AND ($6 IS NULL OR sender = $6)",
                    _ => "SELECT tag, recipient, start, sender, counts FROM figures WHERE grain = $1 AND tag = $2 AND recipient = $3 AND start >= $4 AND start < $5 AND ($6 IS NULL OR sender = $6)",
                },
                (int)grain, tag ?? 0, recipient ?? 0, from, to, sender);
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                string? name = query.GroupBy switch
                {
                    FigureGrouping.Tag => Name(connection, names, reader.GetInt64(0)),
                    FigureGrouping.RecipientDomain => Name(connection, names, reader.GetInt64(1)),
                    FigureGrouping.SenderDomain => Name(connection, names, reader.GetInt64(3)),
                    _ => null,
                };
                long? start = query.Interval switch
                {
                    FigureInterval.Minute or FigureInterval.Hour => reader.GetInt64(2),
                    FigureInterval.Day => reader.GetInt64(2) / SecondsOfDay * SecondsOfDay,
                    _ => null,
                };
                var group = new FigureGroup(name, start);
                if (!groups.TryGetValue(group, out FigureCounts? counts))
                {
                    groups[group] = counts = new FigureCounts();
                }

                counts.AddBytes(reader.GetFieldValue<byte[]>(4));
            }
        }

        return groups;
    });

    private static void Add(Dictionary<FigureKey, FigureCounts> sums, SpoolEvent happened)
    {
        if (happened.Message is not { IsTest: false } message || Simulator.IsSimulated(happened.Destination))
        {
            return;
        }

        long second = happened.At.ToUnixTimeSeconds();
        string sender = message.SenderDomain.Length == 0 ? "-" : message.SenderDomain;
        foreach ((FigureGrain grain, int length) in (ReadOnlySpan<(FigureGrain, int)>)
            [(FigureGrain.Hour, SecondsOfHour), (FigureGrain.Day, SecondsOfDay), (FigureGrain.Minute, SecondsOfMinute)])
        {
            long start = second / length * length;
            AddTo(grain, null, null, start);
            if (grain == FigureGrain.Minute)
            {
                continue;
            }

            AddTo(grain, null, happened.Destination, start);
            foreach (string tag in message.Tags)
            {
                AddTo(grain, tag, null, start);
                AddTo(grain, tag, happened.Destination, start);
            }
        }

        void AddTo(FigureGrain grain, string? tag, string? recipient, long start)
        {
            var key = new FigureKey(grain, tag, recipient, sender, start);
            if (!sums.TryGetValue(key, out FigureCounts? counts))
            {
                sums[key] = counts = new FigureCounts();
            }

            counts.Add(happened);
        }
    }

    /// <summary>A name's number, which it gets when it is first seen; 0 for all.</summary>
    private long Id(SqliteTransaction transaction, string? name)
    {
        if (name is null)
        {
            return 0;
        }

        if (_names.TryGetValue(name, out long known))
        {
            return known;
        }

        transaction.Run("INSERT OR IGNORE INTO figure_names (name) VALUES ($1)", name);
        using SqliteCommand command = transaction.Connection!.Command("SELECT id FROM figure_names WHERE name = $1", name);
        command.Transaction = transaction;
        long id = (long)command.ExecuteScalar()!;

        // If the transaction fails, the number may go to another name: it is remembered only when it is read again.
        return id;
    }

    /// <summary>A name's number; null for null, -1 for a name that never was.</summary>
    private long? Known(SqliteConnection connection, string? name)
    {
        if (name is null)
        {
            return null;
        }

        if (_names.TryGetValue(name, out long known))
        {
            return known;
        }

        using SqliteCommand command = connection.Command("SELECT id FROM figure_names WHERE name = $1", name);
        if (command.ExecuteScalar() is not long id)
        {
            return -1;
        }

        _names[name] = id;
        return id;
    }

    private string Name(SqliteConnection connection, Dictionary<long, string> names, long id)
    {
        if (!names.TryGetValue(id, out string? name))
        {
            using SqliteCommand command = connection.Command("SELECT name FROM figure_names WHERE id = $1", id);
            names[id] = name = (string)command.ExecuteScalar()!;
            _names[name] = id;
        }

        return name;
    }
}
