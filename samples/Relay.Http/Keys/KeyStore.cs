using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Relay.Http;

/// <summary>
/// The keys of the REST API, which are credentials of SMTP submission too. This process is the only one that writes them, so that what it holds in memory
/// is the truth: a key that is made or taken back works or fails from the next request on.
/// </summary>
internal sealed class KeyStore : IDisposable
{
    /// <summary>The id of the key that the configuration gives; it is in no table.</summary>
    internal const string BootstrapId = "bootstrap";

    private const int ShortestBootstrapKey = 16;

    private readonly HttpStore _store;
    private readonly TimeProvider _time;
    private readonly byte[] _digestKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, Entry> _keys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _used = new(StringComparer.Ordinal);
    private readonly byte[]? _bootstrapDigest;
    private readonly ApiKey? _bootstrap;

    // A hash is work for a tenth of a second: guesses wait for one another, and not for anybody else.
    private readonly SemaphoreSlim _hashing = new(1, 1);

    /// <summary>Takes the keys of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="bootstrapKey">The key of the configuration; null if it gives none.</param>
    /// <param name="time">The clock.</param>
    internal KeyStore(HttpStore store, string? bootstrapKey, TimeProvider time)
    {
        _store = store;
        _time = time;
        if (bootstrapKey is not null)
        {
            _bootstrapDigest = Digest(bootstrapKey);
            _bootstrap = new ApiKey(BootstrapId, "From the configuration", KeyScopes.Manage, [], null, time.GetUtcNow(), null, null);
        }

        List<Entry> entries = store.Read(connection => connection.All(
            reader => new Entry(
                new ApiKey(
                    reader.GetString(0),
                    reader.GetString(1),
                    (KeyScopes)reader.GetInt32(2),
                    Domains(reader.GetString(3)),
                    (int?)reader.Number(4),
                    reader.Time(5)!.Value,
                    reader.Time(6),
                    reader.Time(7)),
                reader.GetFieldValue<byte[]>(8),
                reader.GetFieldValue<byte[]>(9),
                reader.GetInt32(10)),
            "SELECT id, name, scopes, sender_domains, per_second, created_at, last_used_at, revoked_at, salt, hash, iterations FROM api_keys"));
        foreach (Entry entry in entries)
        {
            _keys[entry.Key.Id] = entry;
        }
    }

    /// <summary>Whether a text can be the key of the configuration: 16 characters or more, printable ASCII without spaces.</summary>
    internal static bool IsBootstrapKey(string text) => text.Length is >= ShortestBootstrapKey and <= 256 && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>All keys, the newest first.</summary>
    internal IReadOnlyList<ApiKey> All() =>
    [
        .. (_bootstrap is null ? [] : new[] { _bootstrap }),
        .. _keys.Values.Select(entry => WithUse(entry.Key)).OrderByDescending(key => key.CreatedAt),
    ];

    /// <summary>Whether somebody can manage the service.</summary>
    internal bool HasManager => _bootstrap is not null || _keys.Values.Any(entry => entry.Key.Has(KeyScopes.Manage));

    /// <summary>Finds a key by its id; null if there is none or it was taken back.</summary>
    internal ApiKey? Find(string id) =>
        id == BootstrapId ? _bootstrap : _keys.TryGetValue(id, out Entry? entry) && entry.Key.RevokedAt is null ? entry.Key : null;

    /// <summary>Makes a key.</summary>
    /// <returns>The key, and its text, which is nowhere kept.</returns>
    internal async Task<(ApiKey Key, string Text)> CreateAsync(
        string name, KeyScopes scopes, IReadOnlyList<string> senderDomains, int? perSecond, CancellationToken cancellationToken = default)
    {
        string text = KeySecret.Create();
        byte[] salt = RandomNumberGenerator.GetBytes(16);
        byte[] hash = KeySecret.Hash(text, salt, KeySecret.Iterations);
        var key = new ApiKey(KeySecret.Id(text)!, name, scopes, senderDomains, perSecond, _time.GetUtcNow(), null, null);
        await _store.WriteAsync(
            (_, transaction) => transaction.Run(
                "INSERT INTO api_keys (id, name, salt, hash, iterations, scopes, sender_domains, per_second, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                key.Id, name, salt, hash, KeySecret.Iterations, (int)scopes, string.Join(' ', senderDomains), perSecond, key.CreatedAt.ToUnixTimeMilliseconds()),
            cancellationToken).ConfigureAwait(false);
        _keys[key.Id] = new Entry(key, salt, hash, KeySecret.Iterations) { VerifiedDigest = Digest(text) };
        return (key, text);
    }

    /// <summary>Replaces a key by one that may do the same.</summary>
    /// <returns>The new key; null if there was no such key, or it was taken back meanwhile.</returns>
    internal async Task<(ApiKey Key, string Text)?> RotateAsync(string id, CancellationToken cancellationToken = default)
    {
        if (id == BootstrapId || Find(id) is not { } old)
        {
            return null;
        }

        // First the new one: a failure in between leaves a key too many, and nobody without one.
        (ApiKey Key, string Text) made = await CreateAsync(old.Name, old.Scopes, old.SenderDomains, old.PerSecond, cancellationToken).ConfigureAwait(false);
        if (await RevokeAsync(id, CancellationToken.None).ConfigureAwait(false))
        {
            return made;
        }

        await RevokeAsync(made.Key.Id, CancellationToken.None).ConfigureAwait(false);
        return null;
    }

    /// <summary>Takes a key back.</summary>
    /// <returns>Whether there was such a key.</returns>
    internal async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken = default)
    {
        if (!_keys.TryGetValue(id, out Entry? entry) || entry.Key.RevokedAt is not null)
        {
            return false;
        }

        DateTimeOffset now = _time.GetUtcNow();
        _keys[id] = entry with { Key = entry.Key with { RevokedAt = now }, VerifiedDigest = null };
        await _store.WriteAsync(
            (_, transaction) => transaction.Run("UPDATE api_keys SET revoked_at = $2 WHERE id = $1", id, now.ToUnixTimeMilliseconds()), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Checks a key's text.</summary>
    /// <returns>The key; null if there is no such key, or it was taken back.</returns>
    internal ValueTask<ApiKey?> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        if (text.Length > 256)
        {
            return ValueTask.FromResult<ApiKey?>(null);
        }

        byte[] digest = Digest(text);
        if (_bootstrapDigest is not null && CryptographicOperations.FixedTimeEquals(digest, _bootstrapDigest))
        {
            return ValueTask.FromResult(_bootstrap);
        }

        // Ids are public: that an unknown one is answered at once tells nothing.
        if (KeySecret.Id(text) is not { } id || !_keys.TryGetValue(id, out Entry? entry) || entry.Key.RevokedAt is not null)
        {
            return ValueTask.FromResult<ApiKey?>(null);
        }

        if (entry.VerifiedDigest is { } verified && CryptographicOperations.FixedTimeEquals(digest, verified))
        {
            _used[id] = _time.GetUtcNow().ToUnixTimeMilliseconds();
            return ValueTask.FromResult<ApiKey?>(entry.Key);
        }

        return VerifySlowAsync(text, digest, entry, cancellationToken);
    }

    /// <summary>Writes when keys were last used.</summary>
    internal async Task SaveUseAsync(CancellationToken cancellationToken)
    {
        KeyValuePair<string, long>[] used = [.. _used];
        if (used.Length == 0)
        {
            return;
        }

        await _store.WriteAsync(
            (_, transaction) =>
            {
                foreach ((string id, long at) in used)
                {
                    transaction.Run("UPDATE api_keys SET last_used_at = $2 WHERE id = $1", id, at);
                }
            },
            cancellationToken).ConfigureAwait(false);
        foreach ((string id, long at) in used)
        {
            if (_keys.TryGetValue(id, out Entry? entry))
            {
                _keys.TryUpdate(id, entry with { Key = entry.Key with { LastUsedAt = DateTimeOffset.FromUnixTimeMilliseconds(at) } }, entry);
            }

            _used.TryRemove(new KeyValuePair<string, long>(id, at));
        }
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _hashing.Dispose();

    /// <summary>The names of scopes as the API writes them.</summary>
    internal static IReadOnlyList<string> Names(KeyScopes scopes) =>
        [.. Enum.GetValues<KeyScopes>().Where(scope => scope != KeyScopes.None && scopes.HasFlag(scope)).Select(scope => scope.ToString().ToLower(CultureInfo.InvariantCulture))];

    private static string[] Domains(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private async ValueTask<ApiKey?> VerifySlowAsync(string text, byte[] digest, Entry entry, CancellationToken cancellationToken)
    {
        await _hashing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            byte[] hash = await Task.Run(() => KeySecret.Hash(text, entry.Salt, entry.Iterations), cancellationToken).ConfigureAwait(false);
            if (!CryptographicOperations.FixedTimeEquals(hash, entry.Hash))
            {
                return null;
            }
        }
        finally
        {
            _hashing.Release();
        }

        // Taken back meanwhile: then the entry is another one, and stays.
        return _keys.TryGetValue(entry.Key.Id, out Entry? current) && current.Key.RevokedAt is null
            && (current.VerifiedDigest is not null || _keys.TryUpdate(entry.Key.Id, current with { VerifiedDigest = digest }, current))
                ? current.Key
                : Find(entry.Key.Id);
    }

    private ApiKey WithUse(ApiKey key) =>
        _used.TryGetValue(key.Id, out long at) ? key with { LastUsedAt = DateTimeOffset.FromUnixTimeMilliseconds(at) } : key;

    private byte[] Digest(string text) => HMACSHA256.HashData(_digestKey, Encoding.UTF8.GetBytes(text));

    private sealed record Entry(ApiKey Key, byte[] Salt, byte[] Hash, int Iterations)
    {
        /// <summary>The digest, under a key of this process, of the text that was verified; null before.</summary>
        internal byte[]? VerifiedDigest { get; init; }
    }
}
