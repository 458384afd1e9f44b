using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Relay.Http;

/// <summary>The numbers that stand for tags and domains in the rows of figures. No name has the number 0, which stands for all.</summary>
internal sealed class FigureNames
{
    // What was committed, and never changes.
    private readonly ConcurrentDictionary<string, long> _ids = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, string> _names = new();

    /// <summary>A name's number, which it gets when it is first seen.</summary>
    /// <param name="transaction">The transaction that uses it.</param>
    /// <param name="name">The name; empty for all.</param>
    /// <param name="fresh">Takes what was not known; given to <see cref="Remember"/> when the transaction is committed.</param>
    internal long Id(SqliteTransaction transaction, string name, Dictionary<string, long> fresh)
    {
        if (name.Length == 0)
        {
            return 0;
        }

        if (_ids.TryGetValue(name, out long id) || fresh.TryGetValue(name, out id))
        {
            return id;
        }

        transaction.Run("INSERT OR IGNORE INTO figure_names (name) VALUES ($1)", name);
        using SqliteCommand command = transaction.Connection!.Command("SELECT id FROM figure_names WHERE name = $1", name);
        command.Transaction = transaction;
        return fresh[name] = (long)command.ExecuteScalar()!;
    }

    /// <summary>Keeps numbers whose transaction is committed.</summary>
    internal void Remember(Dictionary<string, long> committed)
    {
        foreach ((string name, long id) in committed)
        {
            Keep(name, id);
        }
    }

    /// <summary>A name's number; null for null, -1 for a name that never was.</summary>
    internal long? Find(SqliteConnection connection, string? name)
    {
        if (name is null)
        {
            return null;
        }

        if (_ids.TryGetValue(name, out long known))
        {
            return known;
        }

        using SqliteCommand command = connection.Command("SELECT id FROM figure_names WHERE name = $1", name);
        if (command.ExecuteScalar() is not long id)
        {
            return -1;
        }

        Keep(name, id);
        return id;
    }

    /// <summary>The name of a number.</summary>
    internal string Name(SqliteConnection connection, long id)
    {
        if (_names.TryGetValue(id, out string? name))
        {
            return name;
        }

        using SqliteCommand command = connection.Command("SELECT name FROM figure_names WHERE id = $1", id);
        name = (string)command.ExecuteScalar()!;
        Keep(name, id);
        return name;
    }

    private void Keep(string name, long id)
    {
        _ids[name] = id;
        _names[id] = name;
    }
}
