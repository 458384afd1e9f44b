using Microsoft.Data.Sqlite;

namespace Relay.Http;

/// <summary>Writes rows of sums in a transaction, with statements that are prepared once.</summary>
internal sealed class FigureRow : IDisposable
{
    private readonly SqliteCommand _read;
    private readonly SqliteCommand _write;

    internal FigureRow(SqliteConnection connection, SqliteTransaction transaction)
    {
        _read = connection.Command(
            "SELECT counts FROM figures WHERE grain = $1 AND kind = $2 AND tag = $3 AND start = $4 AND recipient = $5 AND sender = $6", 0L, 0L, 0L, 0L, 0L, 0L);
        _write = connection.Command(
            "INSERT OR REPLACE INTO figures (grain, kind, tag, start, recipient, sender, counts) VALUES ($1, $2, $3, $4, $5, $6, $7)", 0L, 0L, 0L, 0L, 0L, 0L, null);
        (_read.Transaction, _write.Transaction) = (transaction, transaction);
    }

    /// <summary>Adds to a row, which need not be there.</summary>
    internal void Add(FigureGrain grain, FigureKind kind, long tag, long start, long recipient, long sender, FigureCounts counts)
    {
        Set(_read, grain, kind, tag, start, recipient, sender);
        if (_read.ExecuteScalar() is byte[] before)
        {
            var sum = new FigureCounts();
            sum.AddBytes(before);
            sum.Add(counts);
            counts = sum;
        }

        Replace(grain, kind, tag, start, recipient, sender, counts);
    }

    /// <summary>Writes a row.</summary>
    internal void Replace(FigureGrain grain, FigureKind kind, long tag, long start, long recipient, long sender, FigureCounts counts)
    {
        Set(_write, grain, kind, tag, start, recipient, sender);
        _write.Parameters[6].Value = counts.ToBytes();
        _write.ExecuteNonQuery();
    }

    /// <summary>Gives the statements back.</summary>
    public void Dispose()
    {
        _read.Dispose();
        _write.Dispose();
    }

    private static void Set(SqliteCommand command, FigureGrain grain, FigureKind kind, long tag, long start, long recipient, long sender)
    {
        SqliteParameterCollection parameters = command.Parameters;
        parameters[0].Value = (long)grain;
        parameters[1].Value = (long)kind;
        parameters[2].Value = tag;
        parameters[3].Value = start;
        parameters[4].Value = recipient;
        parameters[5].Value = sender;
    }
}
