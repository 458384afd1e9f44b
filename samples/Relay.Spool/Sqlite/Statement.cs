using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Relay.Spool;

/// <summary>
/// A prepared statement, bound and stepped without the objects that ADO.NET makes for each call: on the writer's path they cost more than SQLite itself.
/// Parameters count from 1, columns from 0.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    internal Statement(sqlite3 database, string sql)
    {
        _database = database;
        int result = raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement);
        SqliteException.ThrowExceptionForRC(result, database);
    }

    internal Statement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, parameter, value));
        return this;
    }

    internal Statement Bind(int parameter, long? value) => value is { } number ? Bind(parameter, number) : BindNull(parameter);

    internal Statement Bind(int parameter, string? value)
    {
        if (value is null)
        {
            return BindNull(parameter);
        }

        const int OnStack = 512;
        int most = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> octets = most <= OnStack ? stackalloc byte[OnStack] : new byte[most];
        Check(raw.sqlite3_bind_text(_statement, parameter, octets[..Encoding.UTF8.GetBytes(value, octets)]));
        return this;
    }

    internal Statement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, parameter, 0) : raw.sqlite3_bind_blob(_statement, parameter, value));
        return this;
    }

    internal Statement BindNull(int parameter)
    {
        Check(raw.sqlite3_bind_null(_statement, parameter));
        return this;
    }

    /// <summary>Goes to the next row. False behind the last, and then the statement is ready to be bound anew.</summary>
    internal bool Step()
    {
        int result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        if (result != raw.SQLITE_DONE)
        {
            Fail(result);
        }

        Reset();
        return false;
    }

    /// <summary>Runs a statement that has no rows, or none of interest. Returns how many rows it changed.</summary>
    internal int Execute()
    {
        while (Step())
        {
        }

        return raw.sqlite3_changes(_database);
    }

    /// <summary>Runs a statement for the first column of its first row.</summary>
    internal long? Scalar()
    {
        long? value = Step() ? (IsNull(0) ? null : GetInt64(0)) : null;
        Reset();
        return value;
    }

    internal void Reset() => _ = raw.sqlite3_reset(_statement);

    internal bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    internal long GetInt64(int column) => raw.sqlite3_column_int64(_statement, column);

    internal int GetInt32(int column) => raw.sqlite3_column_int(_statement, column);

    internal string GetText(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string() ?? string.Empty;

    internal string? GetTextOrNull(int column) => IsNull(column) ? null : GetText(column);

    internal byte[] GetBlob(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            Fail(result);
        }
    }

    private void Fail(int result)
    {
        try
        {
            SqliteException.ThrowExceptionForRC(result, _database);
        }
        finally
        {
            Reset();
        }
    }
}
