using Microsoft.Data.Sqlite;

namespace Relay.Http;

/// <summary>Templates and all their versions. A version never changes: what was sent can be told for ever.</summary>
internal sealed class TemplateStore(HttpStore store, TimeProvider time)
{
    private const string Columns = "SELECT name, version, subject, text, html, created_at FROM templates ";

    /// <summary>Whether a text can be a template's name: 1 to 64 letters, digits, <c>-</c>, <c>_</c>, <c>.</c>.</summary>
    internal static bool IsName(string? name) =>
        name is { Length: > 0 and <= 64 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Adds a version.</summary>
    internal Task<MailTemplate> AddAsync(string name, string subject, string? text, string? html, CancellationToken cancellationToken) => store.WriteAsync(
        (connection, transaction) =>
        {
            using SqliteCommand command = connection.Command("SELECT coalesce(max(version), 0) + 1 FROM templates WHERE name = $1", name);
            command.Transaction = transaction;
            var template = new MailTemplate(name, (int)(long)command.ExecuteScalar()!, subject, text, html, time.GetUtcNow());
            transaction.Run(
                "INSERT INTO templates (name, version, subject, text, html, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
                name, template.Version, subject, text, html, template.CreatedAt.ToUnixTimeMilliseconds());
            return template;
        },
        cancellationToken);

    /// <summary>One version, or the newest; null if there is none.</summary>
    internal MailTemplate? Find(string name, int? version) => store.Read(connection => connection
        .All(Template, Columns + "WHERE name = $1 AND ($2 IS NULL OR version = $2) ORDER BY version DESC LIMIT 1", name, version).FirstOrDefault());

    /// <summary>The newest version of each template, by name.</summary>
    internal List<MailTemplate> Newest() => store.Read(connection => connection
        .All(Template, Columns + "AS t WHERE version = (SELECT max(version) FROM templates WHERE name = t.name) ORDER BY name"));

    /// <summary>All versions of a template, the newest first.</summary>
    internal List<MailTemplate> Versions(string name) => store.Read(connection => connection.All(Template, Columns + "WHERE name = $1 ORDER BY version DESC", name));

    /// <summary>Takes a template and all its versions away.</summary>
    internal Task<bool> RemoveAsync(string name, CancellationToken cancellationToken) =>
        store.WriteAsync((_, transaction) => transaction.Run("DELETE FROM templates WHERE name = $1", name) > 0, cancellationToken);

    private static MailTemplate Template(SqliteDataReader reader) =>
        new(reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.Text(3), reader.Text(4), reader.Time(5)!.Value);
}
