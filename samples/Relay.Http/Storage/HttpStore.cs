using Microsoft.Data.Sqlite;

namespace Relay.Http;

/// <summary>
/// What the service keeps beside the spool, in a SQLite file of its own: keys, templates, webhooks and their deliveries, idempotency, figures. The spool's
/// writer never waits for it.
/// </summary>
/// <remarks>One writer at a time, by a lock of this process, which holds the spool folder; readers have connections of their own (WAL).</remarks>
internal sealed class HttpStore : IAsyncDisposable
{
    private readonly string _connectionString;
    private readonly SqliteConnection _writer;
    private readonly SemaphoreSlim _writing = new(1, 1);

    private HttpStore(string connectionString, SqliteConnection writer)
    {
        _connectionString = connectionString;
        _writer = writer;
    }

    /// <summary>Opens the file, makes it if there is none, and brings its tables to the newest form.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It was written by a newer version.</exception>
    /// <exception cref="SqliteException">It cannot be opened.</exception>
    internal static HttpStore Open(string path)
    {
        string connectionString = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, DefaultTimeout = 30 }.ToString();
        if (!OperatingSystem.IsWindows() && !File.Exists(path))
        {
            // Hashes and signing keys: nobody else's business.
            new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }

        var writer = new SqliteConnection(connectionString);
        try
        {
            writer.Open();
            Execute(writer, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000;");
            HttpSchema.Migrate(writer, path);
            return new HttpStore(connectionString, writer);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Runs work in one transaction, which is on disk when the task completes.</summary>
    internal async Task<T> WriteAsync<T>(Func<SqliteConnection, SqliteTransaction, T> work, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using SqliteTransaction transaction = _writer.BeginTransaction();
            T result = work(_writer, transaction);
            transaction.Commit();
            return result;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    internal Task WriteAsync(Action<SqliteConnection, SqliteTransaction> work, CancellationToken cancellationToken = default) => WriteAsync(
        (connection, transaction) =>
        {
            work(connection, transaction);
            return true;
        },
        cancellationToken);

    /// <summary>Runs a query on a connection of its own.</summary>
    internal T Read<T>(Func<SqliteConnection, T> query)
    {
        using var connection = new SqliteConnection(_connectionString);
        connection.Open();
        return query(connection);
    }

    /// <summary>Closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        await _writer.DisposeAsync().ConfigureAwait(false);
        using var pool = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(pool);
        _writing.Dispose();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
