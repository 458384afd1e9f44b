using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Delivery;

/// <summary>
/// What delivery remembers over a restart and what is no mail: how much each source address has sent today, which are set aside, which sites rules have suspended, and MTA-STS policies. A
/// database of its own beside the spool's, so that it costs the queue nothing. A write survives the process, though perhaps not a power cut: nothing that was
/// promised to anybody is here. Thread-safe.
/// </summary>
internal sealed class DeliveryStore : IDisposable
{
    private const int Version = 1;

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;

    /// <summary>Opens or makes it.</summary>
    /// <param name="path">The file; null for memory alone.</param>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    internal DeliveryStore(string? path)
    {
        if (path is not null)
        {
            DurableFolder.CreatePrivateDatabase(path);
        }

        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path ?? ":memory:", Pooling = false }.ToString());
        try
        {
            _connection.Open();
            Run("PRAGMA journal_mode=WAL");
            Run("PRAGMA synchronous=NORMAL");
            Run("PRAGMA busy_timeout=5000");
            Run("CREATE TABLE IF NOT EXISTS sent(source TEXT, site TEXT, day INTEGER, messages INTEGER NOT NULL, PRIMARY KEY(source, site, day)) WITHOUT ROWID");
            Run("CREATE TABLE IF NOT EXISTS aside(source TEXT, site TEXT, until INTEGER NOT NULL, PRIMARY KEY(source, site)) WITHOUT ROWID");
            Run("CREATE TABLE IF NOT EXISTS suspended(site TEXT PRIMARY KEY, until INTEGER NOT NULL, time INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID");
            Run("CREATE TABLE IF NOT EXISTS mta_sts(domain TEXT PRIMARY KEY, id TEXT NOT NULL, policy TEXT NOT NULL, fetched INTEGER NOT NULL) WITHOUT ROWID");
            Run($"PRAGMA user_version={Version}");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>How many messages a source address has sent to a site on a day.</summary>
    internal int Sent(string source, string site, DateOnly day) =>
        Query("SELECT messages FROM sent WHERE source = $0 AND site = $1 AND day = $2", row => row.GetInt32(0), source, site, day.DayNumber) is [var sent] ? sent : 0;

    /// <summary>Notes how many.</summary>
    internal void SetSent(string source, string site, DateOnly day, int messages) =>
        Run("INSERT OR REPLACE INTO sent(source, site, day, messages) VALUES($0, $1, $2, $3)", source, site, day.DayNumber, messages);

    /// <summary>Forgets the days before one.</summary>
    internal void ForgetSentBefore(DateOnly day) => Run("DELETE FROM sent WHERE day < $0", day.DayNumber);

    /// <summary>The source addresses that are set aside for a site.</summary>
    internal Dictionary<(string Source, string Site), DateTimeOffset> Asides(DateTimeOffset now)
    {
        Run("DELETE FROM aside WHERE until <= $0", now.ToUnixTimeMilliseconds());
        return Query("SELECT source, site, until FROM aside", row => (Key: (row.GetString(0), row.GetString(1)), Until: DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))))
            .ToDictionary(r => r.Key, r => r.Until);
    }

    /// <summary>Sets a source address aside.</summary>
    internal void SetAside(string source, string site, DateTimeOffset until) =>
        Run("INSERT OR REPLACE INTO aside(source, site, until) VALUES($0, $1, $2)", source, site, until.ToUnixTimeMilliseconds());

    /// <summary>The sites that are suspended yet, for how long, and why. Never longer than they were suspended for, wherever the clock was set meanwhile.</summary>
    internal List<(string Site, TimeSpan Left, string Reason)> Suspensions(DateTimeOffset now)
    {
        long milliseconds = now.ToUnixTimeMilliseconds();
        Run("DELETE FROM suspended WHERE until <= $0", milliseconds);
        return Query(
            "SELECT site, min(until - $0, time), reason FROM suspended",
            row => (row.GetString(0), TimeSpan.FromMilliseconds(row.GetInt64(1)), row.GetString(2)),
            milliseconds);
    }

    /// <summary>Notes that a site is suspended.</summary>
    internal void SetSuspended(string site, DateTimeOffset now, TimeSpan time, string reason) => Run(
        "INSERT OR REPLACE INTO suspended(site, until, time, reason) VALUES($0, $1, $2, $3)",
        site, (now + time).ToUnixTimeMilliseconds(), (long)time.TotalMilliseconds, reason);

    /// <summary>A domain's policy as it was fetched; null if there is none.</summary>
    internal (string Id, string Text, DateTimeOffset FetchedAt)? Policy(string domain) =>
        Query("SELECT id, policy, fetched FROM mta_sts WHERE domain = $0", row => (row.GetString(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))), domain)
            is [var policy] ? policy : null;

    /// <summary>Keeps a domain's policy.</summary>
    internal void SetPolicy(string domain, string id, string text, DateTimeOffset fetchedAt) =>
        Run("INSERT OR REPLACE INTO mta_sts(domain, id, policy, fetched) VALUES($0, $1, $2, $3)", domain, id, text, fetchedAt.ToUnixTimeMilliseconds());

    /// <summary>Forgets policies that were fetched before a time: no max_age is longer than a year.</summary>
    internal void ForgetPoliciesBefore(DateTimeOffset time) => Run("DELETE FROM mta_sts WHERE fetched < $0", time.ToUnixTimeMilliseconds());

    public void Dispose()
    {
        lock (_gate)
        {
            _connection.Dispose();
        }
    }

    private void Run(string sql, params ReadOnlySpan<object> values)
    {
        lock (_gate)
        {
            using SqliteCommand command = Command(sql, values);
            command.ExecuteNonQuery();
        }
    }

    private List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object> values)
    {
        lock (_gate)
        {
            using SqliteCommand command = Command(sql, values);
            using SqliteDataReader rows = command.ExecuteReader();
            var found = new List<T>();
            while (rows.Read())
            {
                found.Add(read(rows));
            }

            return found;
        }
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<object> values)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"${i}"), values[i]);
        }

        return command;
    }
}
