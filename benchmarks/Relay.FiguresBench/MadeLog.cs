using System.Globalization;
using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.FiguresBench;

/// <summary>
/// Fills a spool's event log as four weeks of mail would: 20 senders with 10 tags each, messages of one or two tags, 2,000 recipient domains of which few get
/// most, 8 % deferred once, 4 % bounced hard, 1 % soft, 1 % expired, 0.1 % complaints, the rest delivered. The rows are the spool's own, in the order of
/// time; what figures do not read (content, the index of labels) is left out. Repeatable: its random numbers have a seed.
/// </summary>
internal sealed class MadeLog
{
    // Less than the spool keeps events, so that none is forgotten while it is measured.
    internal const int Days = 28;

    private const int Senders = 20;
    private const int TagsOfSender = 10;
    private const int Domains = 2_000;

    private readonly Random _random = new(1);
    private readonly double[] _cumulative = new double[Domains];

    internal MadeLog()
    {
        double sum = 0;
        for (int i = 0; i < Domains; i++)
        {
            sum += 1.0 / Math.Pow(i + 1, 1.1);
            _cumulative[i] = sum;
        }
    }

    /// <summary>How many events of each type there are.</summary>
    internal Dictionary<SpoolEventType, long> Counts { get; } = [];

    /// <summary>The accepted events of a tag.</summary>
    internal Dictionary<string, long> AcceptedByTag { get; } = [];

    /// <summary>The accepted events of a recipient domain.</summary>
    internal Dictionary<string, long> AcceptedByDomain { get; } = [];

    /// <summary>Writes events up to now.</summary>
    internal void Fill(string database, long events)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        Run(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; DROP INDEX events_message;");
        Run(connection, "BEGIN");
        for (int i = 0; i < Domains; i++)
        {
            Run(connection, $"INSERT INTO lanes(id, destination, stream, class) VALUES({i + 1}, '{Domain(i)}', 'transactional', 0)");
        }

        using SqliteCommand message = Command(connection, "INSERT INTO messages(key, tail, size, place, open, flags, reverse_path, stream, priority, labels, sender_domain, header_from, subject, source) VALUES(@0, @1, 4096, 0, 0, 0, @2, 'transactional', 0, @3, @4, @2, 'Hello', 1)", 5);
        using SqliteCommand recipient = Command(connection, "INSERT INTO recipients(message, idx, path, lane, notify, state, attempts, lost, next_at, lease, lease_until, wish) VALUES(@0, 0, @1, @2, 0, 4, 1, 0, 0, 0, 0, 0)", 3);
        using SqliteCommand happened = Command(connection, "INSERT INTO events(id, at, message, idx, type, class, reason, code, enhanced, reply, host, attempt, latency) VALUES(@0, @1, @2, 0, @3, @4, @5, @6, @7, @8, 'mx.example', @9, @10)", 11);

        var later = new PriorityQueue<(long Key, SpoolEventType Type, BounceClass Class, int Attempt), long>();
        double messages = events / 2.081;
        long end = DateTimeOffset.UtcNow.AddMinutes(-90).ToUnixTimeMilliseconds();
        double step = Days * 86400_000.0 / messages;
        double now = end - (Days * 86400_000.0);
        long id = 0;
        long counter = 0;
        while (id < events)
        {
            now += step;
            while (id < events && later.TryPeek(out (long Key, SpoolEventType Type, BounceClass Class, int Attempt) due, out long at) && at <= now)
            {
                later.Dequeue();
                Append(at, due.Key, due.Type, due.Class, due.Attempt);
            }

            if (id >= events)
            {
                break;
            }

            long key = ((long)now << 12) | (++counter & 0xFFF);
            int sender = _random.Next(Senders);
            int first = _random.Next(TagsOfSender);
            string[] tags = _random.Next(2) == 0 ? [Tag(sender, first)] : [Tag(sender, first), Tag(sender, (first + 1 + _random.Next(TagsOfSender - 1)) % TagsOfSender)];
            int domain = Array.BinarySearch(_cumulative, _random.NextDouble() * _cumulative[^1]);
            domain = Math.Min(domain < 0 ? ~domain : domain, Domains - 1);
            Execute(message, key, _random.NextInt64(), $"shop@s{sender}.example", $$"""{"Tags":["{{string.Join("\",\"", tags)}}"],"Metadata":{"order":"{{counter}}"} }""", $"s{sender}.example");
            Execute(recipient, key, $"u{counter}@{Domain(domain)}", domain + 1);
            foreach (string tag in tags)
            {
                AcceptedByTag[tag] = AcceptedByTag.GetValueOrDefault(tag) + 1;
            }

            AcceptedByDomain[Domain(domain)] = AcceptedByDomain.GetValueOrDefault(Domain(domain)) + 1;
            Append((long)now, key, SpoolEventType.Accepted, BounceClass.None, 0);
            Plan(later, key, (long)now);
            if (counter % 200_000 == 0)
            {
                Run(connection, "COMMIT; BEGIN");
            }
        }

        Run(connection, "COMMIT");
        Run(connection, "CREATE INDEX events_message ON events(message); PRAGMA wal_checkpoint(TRUNCATE);");

        void Append(long at, long key, SpoolEventType type, BounceClass kind, int attempt)
        {
            bool isRefusal = type is SpoolEventType.Deferred or SpoolEventType.Bounced or SpoolEventType.Expired;
            bool hasReply = isRefusal || type == SpoolEventType.Delivered;
            Execute(
                happened, ++id, at, key, (long)type, (long)kind, isRefusal ? "recipient" : string.Empty, hasReply ? (isRefusal ? 550 : 250) : 0,
                hasReply ? "2.0.0" : string.Empty, hasReply ? "OK: queued as 4bXyzT2c0pz1" : string.Empty, attempt, Math.Max(0, at - (key >> 12)));
            Counts[type] = Counts.GetValueOrDefault(type) + 1;
        }
    }

    private void Plan(PriorityQueue<(long, SpoolEventType, BounceClass, int), long> later, long key, long now)
    {
        // From 30 ms to some seconds, most of them short.
        long at = now + 30 + (long)(50 * Math.Exp(2 * Math.Abs(Normal())));
        int attempt = 1;
        if (_random.NextDouble() < 0.08)
        {
            later.Enqueue((key, SpoolEventType.Deferred, BounceClass.Soft, attempt++), at);
            at += 300_000 + _random.Next(60_000);
        }

        double end = _random.NextDouble();
        (SpoolEventType type, BounceClass kind) = end < 0.94 ? (SpoolEventType.Delivered, BounceClass.None)
            : end < 0.98 ? (SpoolEventType.Bounced, BounceClass.Hard)
            : end < 0.99 ? (SpoolEventType.Bounced, BounceClass.Soft)
            : (SpoolEventType.Expired, BounceClass.Soft);
        later.Enqueue((key, type, kind, attempt), at);
        if (type == SpoolEventType.Delivered && _random.NextDouble() < 0.001)
        {
            later.Enqueue((key, SpoolEventType.Complained, BounceClass.None, 0), at + 3_600_000);
        }
    }

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    private static string Domain(int i) => string.Create(CultureInfo.InvariantCulture, $"d{i}.example");

    private static string Tag(int sender, int i) => string.Create(CultureInfo.InvariantCulture, $"s{sender}-t{i}");

    private static SqliteCommand Command(SqliteConnection connection, string sql, int parameters)
    {
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts above; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (int i = 0; i < parameters; i++)
        {
            command.Parameters.AddWithValue($"@{i}", DBNull.Value);
        }

        return command;
    }

    private static void Execute(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        command.ExecuteNonQuery();
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = Command(connection, sql, 0);
        command.ExecuteNonQuery();
    }
}
