using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Relay.Spool;

/// <summary>Connections for reading, which see what is committed and disturb nobody. A reader keeps none longer than a page.</summary>
internal sealed class ReaderPool(string path) : IDisposable
{
    private const int Kept = 4;
    private const int StatementsKept = 64;

    private readonly ConcurrentBag<SpoolConnection> _idle = [];
    private volatile bool _isDisposed;

    /// <summary>Reads on this thread; for what is quick.</summary>
    /// <exception cref="SpoolException">The store cannot be read.</exception>
    internal T Read<T>(Func<SpoolConnection, T> read)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        SpoolConnection? connection = null;
        bool isGood = false;
        try
        {
            if (!_idle.TryTake(out connection))
            {
                connection = new SpoolConnection(path, readOnly: true);
            }

            T result = read(connection);
            isGood = true;
            return result;
        }
        catch (SqliteException error)
        {
            throw new SpoolException(error.Message, SpoolFailure.Error, error);
        }
        finally
        {
            if (isGood && _idle.Count < Kept && !_isDisposed)
            {
                connection!.Trim(StatementsKept);
                _idle.Add(connection);
            }
            else
            {
                connection?.Dispose();
            }
        }
    }

    /// <summary>Reads on a thread of the pool; for what may take long.</summary>
    internal ValueTask<T> ReadAsync<T>(Func<SpoolConnection, T> read, CancellationToken cancellationToken) =>
        new(Task.Run(() => Read(read), cancellationToken));

    public void Dispose()
    {
        _isDisposed = true;
        while (_idle.TryTake(out SpoolConnection? connection))
        {
            connection.Dispose();
        }
    }
}
