using System.Security.Cryptography;
using System.Text;

namespace Relay.Http;

/// <summary>The text of a key: <c>rk_ID_SECRET</c>, the id of 12 and the secret of 43 letters and digits (256 bits).</summary>
internal static class KeySecret
{
    /// <summary>PBKDF2 rounds with HMAC-SHA-512, as OWASP asks (2023). Verified keys are remembered, so that a request does not pay it.</summary>
    internal const int Iterations = 210_000;

    internal const string Prefix = "rk_";

    private const int IdLength = 12;
    private const int SecretLength = 43;
    private const int HashLength = 32;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const string SecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>A new key's text.</summary>
    internal static string Create() => $"{Prefix}{RandomNumberGenerator.GetString(Alphabet, IdLength)}_{RandomNumberGenerator.GetString(SecretAlphabet, SecretLength)}";

    /// <summary>The public part; null if this is no key's text.</summary>
    internal static string? Id(string text)
    {
        int end = Prefix.Length + IdLength;
        return text.Length is > 0 and <= 256 && text.StartsWith(Prefix, StringComparison.Ordinal) && text.Length > end + 16 && text[end] == '_'
            ? text[..end]
            : null;
    }

    /// <summary>The hash of a key's whole text.</summary>
    internal static byte[] Hash(string text, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(text), salt, iterations, HashAlgorithmName.SHA512, HashLength);
}
