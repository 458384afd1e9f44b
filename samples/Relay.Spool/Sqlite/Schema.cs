namespace Relay.Spool;

/// <summary>The tables, and how an older database becomes a newer one.</summary>
internal static class Schema
{
    /// <summary>
    /// Steps from version to version, in order; <c>user_version</c> says how many were taken. A step that was released never changes.
    /// </summary>
    /// <remarks>
    /// <c>recipients</c> is clustered by message, and <c>due</c> is the timer queue: by lane (stream, class and destination) and time, so that finding what is
    /// due does not look at what is not, however much that is. Times are in milliseconds since 1970.
    /// </remarks>
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE lanes(id INTEGER PRIMARY KEY, destination TEXT NOT NULL, stream TEXT NOT NULL, class INTEGER NOT NULL, UNIQUE(destination, stream, class));
        CREATE TABLE messages(
            key INTEGER PRIMARY KEY, tail INTEGER NOT NULL, size INTEGER NOT NULL, place INTEGER NOT NULL, open INTEGER NOT NULL, flags INTEGER NOT NULL,
            reverse_path TEXT NOT NULL, envelope_id TEXT, stream TEXT NOT NULL, priority INTEGER NOT NULL, labels TEXT, custom_id TEXT, credential TEXT,
            sender_domain TEXT NOT NULL, header_from TEXT, subject TEXT, source INTEGER NOT NULL, scheduled_at INTEGER);
        CREATE TABLE recipients(
            message INTEGER NOT NULL, idx INTEGER NOT NULL, path TEXT NOT NULL, lane INTEGER NOT NULL, notify INTEGER NOT NULL, orcpt TEXT,
            state INTEGER NOT NULL, attempts INTEGER NOT NULL, lost INTEGER NOT NULL, next_at INTEGER NOT NULL, lease INTEGER NOT NULL,
            lease_until INTEGER NOT NULL, done_at INTEGER, code INTEGER, enhanced TEXT, reply TEXT, host TEXT, wish INTEGER NOT NULL,
            PRIMARY KEY(message, idx)) WITHOUT ROWID;
        CREATE INDEX due ON recipients(lane, next_at) WHERE state <= 1;
        CREATE INDEX leased ON recipients(lease_until) WHERE state = 2;
        CREATE INDEX held ON recipients(state) WHERE state = 3;
        CREATE TABLE content(message INTEGER PRIMARY KEY, octets BLOB NOT NULL);
        CREATE TABLE labels(name TEXT NOT NULL, value TEXT NOT NULL, message INTEGER NOT NULL, PRIMARY KEY(name, value, message)) WITHOUT ROWID;
        CREATE TABLE events(
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, message INTEGER NOT NULL, idx INTEGER NOT NULL, type INTEGER NOT NULL, class INTEGER, reason TEXT,
            code INTEGER, enhanced TEXT, reply TEXT, host TEXT, attempt INTEGER, latency INTEGER);
        CREATE INDEX events_message ON events(message);
        CREATE TABLE suppressions(
            address TEXT PRIMARY KEY, shown TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL, message TEXT) WITHOUT ROWID;
        CREATE TABLE suspended(destination TEXT PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER) WITHOUT ROWID;
        """,
        "ALTER TABLE messages ADD COLUMN trace TEXT",

        // With the state in it, so that counting a lane reads the index alone: without, each entry cost a look at its row, 8 s for a million of them.
        "DROP INDEX due; CREATE INDEX due ON recipients(lane, next_at, message, idx, state) WHERE state <= 1",
    ];

    /// <summary>Brings a database to the newest version.</summary>
    /// <exception cref="SpoolException">It was made by a newer program.</exception>
    internal static void Update(SpoolConnection connection)
    {
        connection.Run("BEGIN IMMEDIATE");
        try
        {
            using var version = new Statement(connection.Handle, "PRAGMA user_version");
            long done = version.Scalar() ?? 0;
            if (done > Steps.Length)
            {
                throw new SpoolException($"The spool is of version {done}; this program knows up to {Steps.Length}.", SpoolFailure.Error);
            }

            for (; done < Steps.Length; done++)
            {
                foreach (string sql in Steps[done].Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                {
                    connection.Run(sql);
                }
            }

            connection.Run($"PRAGMA user_version={Steps.Length}");
            connection.Run("COMMIT");
        }
        catch
        {
            if (connection.IsInTransaction)
            {
                connection.Run("ROLLBACK");
            }

            throw;
        }
    }
}
