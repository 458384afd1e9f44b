using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Relay.Http;

/// <summary>The tables of <see cref="HttpStore"/>. Times are Unix milliseconds.</summary>
internal static class HttpSchema
{
    // In order; what was released is never changed, a change is a step more.
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE api_keys (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL, iterations INTEGER NOT NULL,
            scopes INTEGER NOT NULL, sender_domains TEXT NOT NULL, per_second INTEGER, created_at INTEGER NOT NULL, last_used_at INTEGER, revoked_at INTEGER
        ) WITHOUT ROWID;
        CREATE TABLE templates (
            name TEXT NOT NULL, version INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT, html TEXT, created_at INTEGER NOT NULL,
            PRIMARY KEY (name, version)
        ) WITHOUT ROWID;
        CREATE TABLE idempotency (
            key_id TEXT NOT NULL, idempotency_key TEXT NOT NULL, request_hash BLOB NOT NULL, ids TEXT NOT NULL, status INTEGER, body BLOB, created_at INTEGER NOT NULL,
            PRIMARY KEY (key_id, idempotency_key)
        ) WITHOUT ROWID;
        CREATE INDEX idempotency_created ON idempotency (created_at);
        CREATE TABLE webhooks (
            id TEXT PRIMARY KEY, url TEXT NOT NULL, secret BLOB NOT NULL, types TEXT NOT NULL, enabled INTEGER NOT NULL, why_disabled TEXT, created_at INTEGER NOT NULL,
            cursor INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE webhook_deliveries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE, message_name TEXT NOT NULL, type TEXT NOT NULL,
            payload BLOB NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, last_status INTEGER, last_error TEXT,
            created_at INTEGER NOT NULL, finished_at INTEGER
        );
        CREATE INDEX webhook_due ON webhook_deliveries (webhook_id, next_at) WHERE state = 0;
        CREATE INDEX webhook_latest ON webhook_deliveries (webhook_id, id);
        CREATE INDEX webhook_finished ON webhook_deliveries (finished_at) WHERE state <> 0;
        CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE figure_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE figures (
            grain INTEGER NOT NULL, tag INTEGER NOT NULL, recipient INTEGER NOT NULL, start INTEGER NOT NULL, sender INTEGER NOT NULL,
            counts BLOB NOT NULL,
            PRIMARY KEY (grain, tag, recipient, start, sender)
        ) WITHOUT ROWID;
        CREATE TABLE figure_cursor (id INTEGER PRIMARY KEY CHECK (id = 1), event_id INTEGER NOT NULL);
        INSERT INTO figure_cursor VALUES (1, 0);
        """,

        // Sums that lie as they are asked for. They are made anew, from the event log.
        """
        DROP TABLE figures;
        DROP TABLE figure_cursor;
        CREATE TABLE figures (
            grain INTEGER NOT NULL, kind INTEGER NOT NULL, tag INTEGER NOT NULL, start INTEGER NOT NULL, recipient INTEGER NOT NULL, sender INTEGER NOT NULL,
            counts BLOB NOT NULL,
            PRIMARY KEY (grain, kind, tag, start, recipient, sender)
        ) WITHOUT ROWID;
        CREATE TABLE figure_cursor (id INTEGER PRIMARY KEY CHECK (id = 1), event_id INTEGER NOT NULL, days_until INTEGER NOT NULL);
        INSERT INTO figure_cursor VALUES (1, 0, 0);
        """,

        // A time's rows lie together, and one sender's of it. Days, and what is longer, are summed up anew from the hours.
        """
        ALTER TABLE figures RENAME TO figures_before;
        CREATE TABLE figures (
            grain INTEGER NOT NULL, kind INTEGER NOT NULL, start INTEGER NOT NULL, tag INTEGER NOT NULL, recipient INTEGER NOT NULL, sender INTEGER NOT NULL,
            counts BLOB NOT NULL,
            PRIMARY KEY (grain, kind, start, tag, recipient, sender)
        ) WITHOUT ROWID;
        INSERT INTO figures (grain, kind, start, tag, recipient, sender, counts)
            SELECT grain, kind, start, CASE kind WHEN 3 THEN sender ELSE tag END, recipient, sender, counts FROM figures_before WHERE grain <> 1;
        DROP TABLE figures_before;
        UPDATE figure_cursor SET days_until = 0;
        """,
    ];

    internal static void Migrate(SqliteConnection connection, string path)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "PRAGMA user_version";
        int version = Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
        if (version > Steps.Length)
        {
            throw new InvalidDataException($"\"{path}\" was written by a newer version of the relay: its tables have version {version}, this one knows {Steps.Length}.");
        }

        for (; version < Steps.Length; version++)
        {
            command.CommandText = Steps[version] + $"PRAGMA user_version = {version + 1};";
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }
}
