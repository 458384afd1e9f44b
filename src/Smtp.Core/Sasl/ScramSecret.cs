using System.Globalization;
using System.Security.Cryptography;

namespace Smtp.Core;

/// <summary>
/// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677): who steals it cannot log in with it, only try passwords against it.
/// </summary>
public sealed class ScramSecret
{
    /// <summary>The iterations that <see cref="Create(string, int)"/> takes by default: what RFC 7677 §4 recommends at least.</summary>
    public const int DefaultIterations = 15_000;

    /// <summary>The least that is accepted (RFC 7677 §4).</summary>
    public const int MinimumIterations = 4096;

    private const int DecoyKeyLength = 16;
    private const string Prefix = "SCRAM-SHA-256$";

    /// <summary>Takes stored values.</summary>
    /// <param name="salt">At least 8 octets.</param>
    /// <param name="iterations">At least <see cref="MinimumIterations"/>.</param>
    /// <param name="storedKey">H(ClientKey), 32 octets.</param>
    /// <param name="serverKey">ServerKey, 32 octets.</param>
    public ScramSecret(ReadOnlyMemory<byte> salt, int iterations, ReadOnlyMemory<byte> storedKey, ReadOnlyMemory<byte> serverKey)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(salt.Length, 8, nameof(salt));
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, MinimumIterations);
        ArgumentOutOfRangeException.ThrowIfNotEqual(storedKey.Length, SHA256.HashSizeInBytes, nameof(storedKey));
        ArgumentOutOfRangeException.ThrowIfNotEqual(serverKey.Length, SHA256.HashSizeInBytes, nameof(serverKey));
        Salt = salt;
        Iterations = iterations;
        StoredKey = storedKey;
        ServerKey = serverKey;
    }

    private ScramSecret(byte[] salt, int iterations)
        : this(salt, iterations, RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes), RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes)) =>
        IsDecoy = true;

    /// <summary>Whether this stands for an unknown user: no password fits it.</summary>
    public bool IsDecoy { get; }

    /// <summary>The salt.</summary>
    public ReadOnlyMemory<byte> Salt { get; }

    /// <summary>The iteration count.</summary>
    public int Iterations { get; }

    /// <summary>StoredKey = H(HMAC(SaltedPassword, "Client Key")).</summary>
    public ReadOnlyMemory<byte> StoredKey { get; }

    /// <summary>ServerKey = HMAC(SaltedPassword, "Server Key").</summary>
    public ReadOnlyMemory<byte> ServerKey { get; }

    /// <summary>Makes the secret of a password, with a new random salt of 16 octets.</summary>
    public static ScramSecret Create(string password, int iterations = DefaultIterations) =>
        Create(password, RandomNumberGenerator.GetBytes(16), iterations);

    /// <summary>Makes the secret of a password.</summary>
    public static ScramSecret Create(string password, ReadOnlySpan<byte> salt, int iterations)
    {
        byte[] salted = Scram.SaltPassword(password, salt, iterations);
        byte[] clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        byte[] serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        byte[] storedKey = SHA256.HashData(clientKey);
        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
        return new ScramSecret(salt.ToArray(), iterations, storedKey, serverKey);
    }

    /// <summary>
    /// Makes what a store gives for a user that it does not know, so that the client cannot tell: always the same salt, of 16 octets, for the same name and
    /// key (RFC 5802 §9 leaves it to the server to hide who exists).
    /// </summary>
    /// <param name="key">At least 16 octets that nobody else knows. Keep it with the secrets: a salt that is another one behind a restart, or at another node, gives the decoy away.</param>
    /// <param name="userName">As the client wrote it.</param>
    /// <param name="iterations">As the store's secrets have.</param>
    public static ScramSecret CreateDecoy(ReadOnlySpan<byte> key, string userName, int iterations = DefaultIterations)
    {
        ArgumentNullException.ThrowIfNull(userName);
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, DecoyKeyLength, nameof(key));
        return new ScramSecret(HMACSHA256.HashData(key, System.Text.Encoding.UTF8.GetBytes(userName))[..16], iterations);
    }

    /// <summary>Reads the form that <see cref="Export"/> writes, which PostgreSQL uses too.</summary>
    /// <exception cref="FormatException">The text has another form.</exception>
    public static ScramSecret Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..].Split('$', ':') : [];
        try
        {
            return parts.Length == 4
                ? new ScramSecret(
                    Convert.FromBase64String(parts[1]),
                    int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture),
                    Convert.FromBase64String(parts[2]),
                    Convert.FromBase64String(parts[3]))
                : throw new FormatException();
        }
        catch (Exception error) when (error is FormatException or ArgumentException or OverflowException)
        {
            // The text is a secret: it is not quoted.
            throw new FormatException("A SCRAM secret reads SCRAM-SHA-256$iterations:salt$storedKey:serverKey.");
        }
    }

    /// <summary><c>SCRAM-SHA-256$iterations:salt$storedKey:serverKey</c>, octets in base64. For a store, not for a log.</summary>
    /// <exception cref="InvalidOperationException">The secret is a decoy.</exception>
    public string Export() => IsDecoy ? throw new InvalidOperationException("A decoy is nobody's secret.") : string.Create(
        CultureInfo.InvariantCulture,
        $"{Prefix}{Iterations}:{Convert.ToBase64String(Salt.Span)}${Convert.ToBase64String(StoredKey.Span)}:{Convert.ToBase64String(ServerKey.Span)}");

    /// <summary>Nothing secret.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"SCRAM-SHA-256, {Iterations} iterations");
}
