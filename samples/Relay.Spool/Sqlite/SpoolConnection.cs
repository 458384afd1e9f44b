using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Relay.Spool;

/// <summary>A connection to the database, with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SpoolConnection : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    /// <param name="path">The file.</param>
    /// <param name="readOnly">Whether it only reads.</param>
    /// <param name="isNew">Whether to make the file: at the start alone, as later a file that is gone means that what was promised is gone with it.</param>
    internal SpoolConnection(string path, bool readOnly, bool isNew = false)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = isNew ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        try
        {
            _connection.Open();
            Handle = _connection.Handle!;
            _ = raw.sqlite3_extended_result_codes(Handle, 1);

            // Beside the owner there may be commands that write; and the owner's transactions are short.
            _ = raw.sqlite3_busy_timeout(Handle, 30_000);
            Run("PRAGMA journal_mode=WAL");
            Run(readOnly ? "PRAGMA query_only=1" : "PRAGMA synchronous=FULL");
            Run("PRAGMA temp_store=MEMORY");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    internal sqlite3 Handle { get; }

    /// <summary>A statement, prepared once.</summary>
    internal Statement this[string sql]
    {
        get
        {
            if (!_statements.TryGetValue(sql, out Statement? statement))
            {
                statement = new Statement(Handle, sql);
                _statements.Add(sql, statement);
            }

            return statement;
        }
    }

    /// <summary>Runs one that is not needed again.</summary>
    internal void Run(string sql)
    {
        using var statement = new Statement(Handle, sql);
        _ = statement.Execute();
    }

    /// <summary>How many rows were ever changed.</summary>
    internal int Changes => raw.sqlite3_total_changes(Handle);

    /// <summary>Whether a transaction is open.</summary>
    internal bool IsInTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    /// <summary>Whether an error says that what is on the disk makes no sense.</summary>
    internal static bool IsCorrupt(SqliteException error) => error.SqliteErrorCode == raw.SQLITE_CORRUPT;

    /// <summary>Ends the reading of all statements: one that broke off in the middle would keep its view of the database, and no transaction could begin.</summary>
    internal void ResetStatements()
    {
        foreach (Statement statement in _statements.Values)
        {
            statement.Reset();
        }
    }

    /// <summary>Forgets prepared statements when there are many, such as those of filters.</summary>
    internal void Trim(int maximum)
    {
        if (_statements.Count > maximum)
        {
            DisposeStatements();
        }
    }

    public void Dispose()
    {
        DisposeStatements();
        _connection.Dispose();
    }

    private void DisposeStatements()
    {
        foreach (Statement statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
    }
}
