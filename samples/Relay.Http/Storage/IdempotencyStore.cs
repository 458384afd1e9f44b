using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Relay.Http;

/// <summary>
/// Remembers requests by their <c>Idempotency-Key</c> for 24 hours. The ids of the messages are on disk before the messages are: if the host dies between the
/// two, the same request tries the same ids again, and the spool knows them.
/// </summary>
internal sealed class IdempotencyStore(HttpStore store, TimeProvider time)
{
    /// <summary>The longest key, in characters.</summary>
    internal const int LongestKey = 256;

    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<(string KeyId, string Key), object> _running = new();

    /// <summary>Claims a key.</summary>
    /// <param name="keyId">The API key that the request came with; each has its own names.</param>
    /// <param name="key">The idempotency key.</param>
    /// <param name="requestHash">A hash of the whole request.</param>
    /// <param name="ids">Ids to use if the request is a new one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<IdempotencyClaim> ClaimAsync(
        string keyId, string key, byte[] requestHash, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        object token = new();
        if (!_running.TryAdd((keyId, key), token))
        {
            return new IdempotencyClaim(IdempotencyState.Running, []);
        }

        try
        {
            IdempotencyClaim claim = await store.WriteAsync((connection, transaction) => Claim(connection, transaction, keyId, key, requestHash, ids), cancellationToken)
                .ConfigureAwait(false);
            if (claim.State != IdempotencyState.Carry)
            {
                LetGo(keyId, key, token);
                return claim;
            }

            return claim with { Token = token };
        }
        catch
        {
            LetGo(keyId, key, token);
            throw;
        }
    }

    /// <summary>Remembers the answer of a request that was carried out.</summary>
    internal async Task CompleteAsync(string keyId, string key, IdempotencyClaim claim, int status, byte[] body)
    {
        try
        {
            await store.WriteAsync((_, transaction) => transaction.Run(
                "UPDATE idempotency SET status = $3, body = $4 WHERE key_id = $1 AND idempotency_key = $2", keyId, key, status, body)).ConfigureAwait(false);
        }
        finally
        {
            LetGo(keyId, key, claim.Token!);
        }
    }

    /// <summary>Forgets a request that made no message, so that it can be mended and tried again.</summary>
    internal async Task ForgetAsync(string keyId, string key, IdempotencyClaim claim)
    {
        try
        {
            await store.WriteAsync((_, transaction) => transaction.Run(
                "DELETE FROM idempotency WHERE key_id = $1 AND idempotency_key = $2 AND status IS NULL", keyId, key)).ConfigureAwait(false);
        }
        finally
        {
            LetGo(keyId, key, claim.Token!);
        }
    }

    /// <summary>
    /// Lets go of a request whose outcome is not known: the next try carries it out with the same ids. Of one that was completed or forgotten nothing is left to
    /// let go of, even if the same key was claimed again meanwhile.
    /// </summary>
    internal void Release(string keyId, string key, IdempotencyClaim claim) => LetGo(keyId, key, claim.Token!);

    /// <summary>Forgets what is older than 24 hours.</summary>
    internal Task PurgeAsync(CancellationToken cancellationToken) => store.WriteAsync(
        (_, transaction) => transaction.Run("DELETE FROM idempotency WHERE created_at < $1", (time.GetUtcNow() - Kept).ToUnixTimeMilliseconds()), cancellationToken);

    /// <summary>Of this claim only: a later one of the same key stays.</summary>
    private void LetGo(string keyId, string key, object token) => _running.TryRemove(new KeyValuePair<(string, string), object>((keyId, key), token));

    private IdempotencyClaim Claim(
        SqliteConnection connection, SqliteTransaction transaction, string keyId, string key, byte[] requestHash, IReadOnlyList<string> ids)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        transaction.Run(
            "DELETE FROM idempotency WHERE key_id = $1 AND idempotency_key = $2 AND created_at < $3", keyId, key, now - (long)Kept.TotalMilliseconds);
        using (SqliteCommand command = connection.Command(
            "SELECT request_hash, ids, status, body FROM idempotency WHERE key_id = $1 AND idempotency_key = $2", keyId, key))
        {
            command.Transaction = transaction;
            using SqliteDataReader reader = command.ExecuteReader();
            if (reader.Read())
            {
                string[] known = reader.GetString(1).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return !reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(requestHash) ? new IdempotencyClaim(IdempotencyState.OtherRequest, known)
                    : reader.IsDBNull(2) ? new IdempotencyClaim(IdempotencyState.Carry, known)
                    : new IdempotencyClaim(IdempotencyState.Repeat, known, reader.GetInt32(2), reader.GetFieldValue<byte[]>(3));
            }
        }

        transaction.Run(
            "INSERT INTO idempotency (key_id, idempotency_key, request_hash, ids, created_at) VALUES ($1, $2, $3, $4, $5)",
            keyId, key, requestHash, string.Join(' ', ids), now);
        return new IdempotencyClaim(IdempotencyState.Carry, ids);
    }
}
