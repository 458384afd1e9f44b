using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Relay.Delivery;

/// <summary>
/// Return paths that name the message and the recipient (VERP): <c>b-TOKEN@bounces.example.com</c>. The token is signed, so that nobody can book a bounce
/// for mail that is not theirs, and in letters that survive mailers that change their case.
/// </summary>
public sealed class VerpAddress
{
    private const string Prefix = "b-";
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int IdLength = 16;
    private const int IndexLength = 4;
    private const int SignatureLength = 10;
    private const int TokenLength = IdLength + IndexLength + SignatureLength;

    private readonly byte[] _key;

    /// <summary>Makes addresses of a domain.</summary>
    /// <param name="domain">The domain whose mail comes to this relay.</param>
    /// <param name="key">The secret, at least 16 octets. With another one, addresses made before are no longer known.</param>
    public VerpAddress(string domain, ReadOnlySpan<byte> key)
    {
        ArgumentException.ThrowIfNullOrEmpty(domain);
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, 16);
        Domain = domain.ToLowerInvariant();
        _key = key.ToArray();
    }

    /// <summary>The domain, in lower case.</summary>
    public string Domain { get; }

    /// <summary>The return path for a message to a recipient.</summary>
    /// <param name="messageId">The message's id: 32 hex digits.</param>
    /// <param name="recipient">The recipient's index in the message.</param>
    public string Create(string messageId, int recipient)
    {
        Span<byte> token = stackalloc byte[TokenLength];
        Guid.ParseExact(messageId, "N").TryWriteBytes(token, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(token[IdLength..], recipient);
        Sign(token[..^SignatureLength], token[^SignatureLength..]);
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Encode(token)}@{Domain}");
    }

    /// <summary>Reads a return path that this relay made.</summary>
    /// <param name="address">The address that a bounce came to.</param>
    /// <param name="messageId">The message's id.</param>
    /// <param name="recipient">The recipient's index.</param>
    /// <returns>Whether it is one.</returns>
    public bool TryRead(string address, out string messageId, out int recipient)
    {
        ArgumentNullException.ThrowIfNull(address);
        messageId = string.Empty;
        recipient = 0;
        int at = address.LastIndexOf('@');
        if (at < 0
            || !address.AsSpan(at + 1).Equals(Domain, StringComparison.OrdinalIgnoreCase)
            || !address.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        Span<byte> token = stackalloc byte[TokenLength];
        Span<byte> signature = stackalloc byte[SignatureLength];
        if (!TryDecode(address.AsSpan(Prefix.Length, at - Prefix.Length), token))
        {
            return false;
        }

        Sign(token[..^SignatureLength], signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, token[^SignatureLength..]))
        {
            return false;
        }

        messageId = new Guid(token[..IdLength], bigEndian: true).ToString("N");
        recipient = BinaryPrimitives.ReadInt32BigEndian(token[IdLength..]);
        return true;
    }

    private void Sign(ReadOnlySpan<byte> token, Span<byte> signature)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, token, mac);
        mac[..SignatureLength].CopyTo(signature);
    }

    /// <summary>Base 32 (RFC 4648 §6): five bits a letter; the token's 240 bits come out even.</summary>
    private static string Encode(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length * 8 / 5);
        int bits = 0;
        int value = 0;
        foreach (byte octet in octets)
        {
            value = (value << 8) | octet;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text.Append(Alphabet[(value >> bits) & 31]);
            }

            value &= (1 << bits) - 1;
        }

        return text.ToString();
    }

    private static bool TryDecode(ReadOnlySpan<char> text, Span<byte> octets)
    {
        if (text.Length != octets.Length * 8 / 5)
        {
            return false;
        }

        int bits = 0;
        int value = 0;
        int written = 0;
        foreach (char c in text)
        {
            int digit = Alphabet.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            value = (value << 5) | digit;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                octets[written++] = (byte)(value >> bits);
                value &= (1 << bits) - 1;
            }
        }

        return true;
    }
}
