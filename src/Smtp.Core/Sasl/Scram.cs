using System.Security.Cryptography;
using System.Text;

namespace Smtp.Core;

/// <summary>What both sides of SCRAM-SHA-256 share (RFC 5802, RFC 7677).</summary>
internal static class Scram
{
    /// <summary>The length of a nonce's random part in octets, before base64.</summary>
    internal const int NonceLength = 18;

    /// <summary><c>SaltedPassword := Hi(Normalize(password), salt, i)</c> (RFC 5802 §3)</summary>
    internal static byte[] SaltPassword(string password, ReadOnlySpan<byte> salt, int iterations)
    {
        byte[] prepared = Encoding.UTF8.GetBytes(SaslPrep.Prepare(password));
        byte[] salted = Rfc2898DeriveBytes.Pbkdf2(prepared, salt, iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        CryptographicOperations.ZeroMemory(prepared);
        return salted;
    }

    /// <summary>A printable nonce without a comma (RFC 5802 §5.1).</summary>
    internal static string CreateNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceLength));

    /// <summary>Puts a name into a message: "," and "=" are written =2C and =3D (RFC 5802 §5.1).</summary>
    internal static string EscapeName(string name) =>
        name.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);

    /// <summary>Takes a name out of a message.</summary>
    internal static bool TryUnescapeName(string text, out string name)
    {
        name = text.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        for (int i = text.IndexOf('=', StringComparison.Ordinal); i >= 0; i = text.IndexOf('=', i + 1))
        {
            if (!text.AsSpan(i).StartsWith("=2C", StringComparison.Ordinal) && !text.AsSpan(i).StartsWith("=3D", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return name.Length > 0;
    }

    /// <summary>The value of <c>letter "=" value</c>.</summary>
    internal static bool TryTakeAttribute(string attribute, char letter, out string value)
    {
        bool matches = attribute.Length >= 2 && attribute[0] == letter && attribute[1] == '=';
        value = matches ? attribute[2..] : string.Empty;
        return matches;
    }

    /// <summary>Strict base64.</summary>
    internal static bool TryDecode(string base64, out byte[] octets)
    {
        octets = new byte[(base64.Length / 4 * 3) + 3];
        if (base64.Length % 4 != 0 || base64.AsSpan().ContainsAny(" \t\r\n") || !Convert.TryFromBase64String(base64, octets, out int length))
        {
            octets = [];
            return false;
        }

        Array.Resize(ref octets, length);
        return true;
    }

    internal static void Xor(Span<byte> into, ReadOnlySpan<byte> other)
    {
        for (int i = 0; i < into.Length; i++)
        {
            into[i] ^= other[i];
        }
    }
}
