using System.Text.Json;
using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Webhooks and their deliveries, which are a queue of their own.</summary>
internal sealed class WebhookStore(HttpStore store, TimeProvider time)
{
    private const string Columns = "SELECT id, url, secret, types, enabled, why_disabled, created_at, cursor FROM webhooks ";
    private const string DeliveryColumns =
        "SELECT id, webhook_id, message_name, type, payload, state, attempts, next_at, last_status, last_error, created_at, finished_at FROM webhook_deliveries ";

    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    internal List<Webhook> All() => store.Read(connection => connection.All(Read, Columns + "ORDER BY created_at"));

    internal Webhook? Find(string id) => store.Read(connection => connection.All(Read, Columns + "WHERE id = $1", id).FirstOrDefault());

    internal async Task<Webhook> AddAsync(Uri url, IReadOnlyList<string> types, long cursor, CancellationToken cancellationToken)
    {
        var webhook = new Webhook(
            "wh_" + Guid.CreateVersion7(time.GetUtcNow()).ToString("N"), url, WebhookSignature.CreateSecret(), types, true, null, time.GetUtcNow(), cursor);
        await store.WriteAsync(
            (_, transaction) => transaction.Run(
                "INSERT INTO webhooks (id, url, secret, types, enabled, created_at, cursor) VALUES ($1, $2, $3, $4, 1, $5, $6)",
                webhook.Id, url.ToString(), webhook.Secret, string.Join(' ', types), webhook.CreatedAt.ToUnixTimeMilliseconds(), cursor),
            cancellationToken).ConfigureAwait(false);
        return webhook;
    }

    internal Task<bool> RemoveAsync(string id, CancellationToken cancellationToken) =>
        store.WriteAsync((_, transaction) => transaction.Run("DELETE FROM webhooks WHERE id = $1", id) > 0, cancellationToken);

    internal Task<bool> EnableAsync(string id, bool isEnabled, string? why, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run("UPDATE webhooks SET enabled = $2, why_disabled = $3 WHERE id = $1", id, isEnabled ? 1 : 0, why) > 0, cancellationToken);

    /// <summary>Prepares deliveries of events and moves the webhook's cursor behind them, in one transaction.</summary>
    internal Task PrepareAsync(Webhook webhook, IReadOnlyList<SpoolEvent> events, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) =>
        {
            long now = time.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (SpoolEvent happened in events)
            {
                EventView view = Views.Event(happened);
                if (webhook.Wants(view.Type))
                {
                    Insert(transaction, webhook.Id, $"evt_{view.Id}_{webhook.Id[^8..]}", view.Type, Payload(view.Type, view.At, view), now);
                }
            }

            transaction.Run("UPDATE webhooks SET cursor = $2 WHERE id = $1", webhook.Id, events[^1].Id);
        },
        cancellationToken);

    /// <summary>Prepares a delivery that is about no message.</summary>
    internal Task TestAsync(Webhook webhook, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) =>
        {
            DateTimeOffset now = time.GetUtcNow();
            var view = new EventView(0, "test", now, string.Empty, "someone@simulator.test", null, null, null, null, 0, [], new Dictionary<string, string>(), null);
            Insert(transaction, webhook.Id, $"test_{Guid.NewGuid():N}", "test", Payload("test", now, view), now.ToUnixTimeMilliseconds());
        },
        cancellationToken);

    /// <summary>
    /// Makes a delivery due again, whatever became of it, under the same name. An attempt that is under way just now is told by the changed time that it is
    /// not the one that was asked for.
    /// </summary>
    internal Task<bool> ReplayAsync(string webhookId, long id, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run(
            "UPDATE webhook_deliveries SET state = 0, attempts = 0, next_at = CASE WHEN next_at = $3 THEN $3 + 1 ELSE $3 END, finished_at = NULL WHERE webhook_id = $1 AND id = $2",
            webhookId, id, time.GetUtcNow().ToUnixTimeMilliseconds()) > 0,
        cancellationToken);

    /// <summary>What is due for a webhook, the oldest first.</summary>
    internal List<WebhookDelivery> Due(string webhookId, int maximum) => store.Read(connection => connection.All(
        ReadDelivery,
        DeliveryColumns + "WHERE webhook_id = $1 AND state = 0 AND next_at <= $2 ORDER BY next_at LIMIT $3",
        webhookId, time.GetUtcNow().ToUnixTimeMilliseconds(), maximum));

    /// <summary>A webhook's last deliveries, the newest first.</summary>
    internal List<WebhookDelivery> Latest(string webhookId, int maximum, long before = long.MaxValue) => store.Read(connection => connection.All(
        ReadDelivery, DeliveryColumns + "WHERE webhook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3", webhookId, before, maximum));

    /// <summary>Writes what became of attempts. A delivery that was asked for anew meanwhile stays due.</summary>
    internal Task FinishAsync(IReadOnlyList<(WebhookDelivery Before, WebhookDelivery After)> attempted, CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) =>
        {
            foreach ((WebhookDelivery before, WebhookDelivery delivery) in attempted)
            {
                transaction.Run(
                    "UPDATE webhook_deliveries SET state = $2, attempts = $3, next_at = $4, last_status = $5, last_error = $6, finished_at = $7 WHERE id = $1 AND next_at = $8",
                    delivery.Id,
                    (int)delivery.State,
                    delivery.Attempts,
                    delivery.NextAt.ToUnixTimeMilliseconds(),
                    delivery.LastStatus,
                    delivery.LastError,
                    delivery.FinishedAt?.ToUnixTimeMilliseconds(),
                    before.NextAt.ToUnixTimeMilliseconds());
            }
        },
        cancellationToken);

    /// <summary>Forgets deliveries that were done a week ago.</summary>
    internal Task PurgeAsync(CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run(
            "DELETE FROM webhook_deliveries WHERE state <> 0 AND finished_at < $1", (time.GetUtcNow() - Kept).ToUnixTimeMilliseconds()),
        cancellationToken);

    private static byte[] Payload(string type, DateTimeOffset at, EventView view) =>
        JsonSerializer.SerializeToUtf8Bytes(new WebhookPayload($"message.{type}", at, view), HttpJson.Default.WebhookPayload);

    private static void Insert(SqliteTransaction transaction, string webhookId, string name, string type, byte[] payload, long now) => transaction.Run(
        "INSERT INTO webhook_deliveries (webhook_id, message_name, type, payload, state, attempts, next_at, created_at) VALUES ($1, $2, $3, $4, 0, 0, $5, $5)",
        webhookId, name, type, payload, now);

    private static Webhook Read(SqliteDataReader reader) => new(
        reader.GetString(0),
        new Uri(reader.GetString(1)),
        reader.GetFieldValue<byte[]>(2),
        reader.GetString(3).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        reader.GetInt32(4) != 0,
        reader.Text(5),
        reader.Time(6)!.Value,
        reader.GetInt64(7));

    private static WebhookDelivery ReadDelivery(SqliteDataReader reader) => new(
        reader.GetInt64(0),
        reader.GetString(1),
        reader.GetString(2),
        reader.GetString(3),
        reader.GetFieldValue<byte[]>(4),
        (WebhookDeliveryState)reader.GetInt32(5),
        reader.GetInt32(6),
        reader.Time(7)!.Value,
        (int?)reader.Number(8),
        reader.Text(9),
        reader.Time(10)!.Value,
        reader.Time(11));
}
