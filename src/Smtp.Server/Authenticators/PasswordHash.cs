using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Smtp.Server;

/// <summary>
/// Password hashes in the form of ASP.NET Core Identity, version 3, so that its user table can be used as it is: base64 of 0x01, the pseudo-random function,
/// iterations and salt length (each a big-endian 32-bit number), salt, and PBKDF2's subkey.
/// </summary>
public static class PasswordHash
{
    /// <summary>The iterations that <see cref="Create"/> takes by default, as Identity does: 100000 of HMAC-SHA-512.</summary>
    public const int DefaultIterations = 100_000;

    private const int HeaderLength = 13;
    private const int SaltLength = 16;
    private const int SubkeyLength = 32;

    // More is no hash that anybody made but an attempt to keep the processor busy.
    private const int MaximumIterations = 10_000_000;

    /// <summary>Makes the hash of a password, with a new random salt.</summary>
    /// <param name="password">The password.</param>
    /// <param name="iterations">At least 1000.</param>
    public static string Create(string password, int iterations = DefaultIterations)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, MaximumIterations);
        byte[] hash = new byte[HeaderLength + SaltLength + SubkeyLength];
        hash[0] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(1), 2);
        BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(5), (uint)iterations);
        BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(9), SaltLength);
        Span<byte> salt = hash.AsSpan(HeaderLength, SaltLength);
        RandomNumberGenerator.Fill(salt);
        Rfc2898DeriveBytes.Pbkdf2(password, salt, hash.AsSpan(HeaderLength + SaltLength), iterations, HashAlgorithmName.SHA512);
        return Convert.ToBase64String(hash);
    }

    /// <summary>Checks a password, in a time that depends on the hash's iterations only.</summary>
    /// <returns>Whether it is right. False also where <paramref name="hash"/> is no hash of this form: see <see cref="IsValid"/>.</returns>
    public static bool Verify(string hash, string password)
    {
        ArgumentNullException.ThrowIfNull(hash);
        ArgumentNullException.ThrowIfNull(password);
        if (!TryRead(hash, out byte[] octets, out HashAlgorithmName algorithm, out int iterations, out int saltLength))
        {
            return false;
        }

        ReadOnlySpan<byte> expected = octets.AsSpan(HeaderLength + saltLength);
        byte[] actual = Rfc2898DeriveBytes.Pbkdf2(password, octets.AsSpan(HeaderLength, saltLength), iterations, algorithm, expected.Length);
        return CryptographicOperations.FixedTimeEquals(actual, expected);
    }

    /// <summary>Whether a text is a hash of this form.</summary>
    public static bool IsValid(string? hash) => hash is not null && TryRead(hash, out _, out _, out _, out _);

    /// <summary>What checking costs; 0 for what is no hash.</summary>
    internal static long CostOf(string hash) => TryRead(hash, out byte[] octets, out _, out int iterations, out _) ? (octets[4] + 1L) * iterations : 0;

    private static bool TryRead(string hash, out byte[] octets, out HashAlgorithmName algorithm, out int iterations, out int saltLength)
    {
        octets = [];
        algorithm = default;
        iterations = 0;
        saltLength = 0;
        if (!Base64.IsValid(hash))
        {
            return false;
        }

        octets = Convert.FromBase64String(hash);
        if (octets.Length < HeaderLength || octets[0] != 1)
        {
            return false;
        }

        algorithm = BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(1)) switch
        {
            0 => HashAlgorithmName.SHA1,
            1 => HashAlgorithmName.SHA256,
            2 => HashAlgorithmName.SHA512,
            _ => default,
        };
        uint count = BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(5));
        uint salt = BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(9));
        if (algorithm.Name is null || count is 0 or > MaximumIterations || salt < 8 || salt > octets.Length - HeaderLength - SaltLength)
        {
            return false;
        }

        iterations = (int)count;
        saltLength = (int)salt;
        return true;
    }
}
