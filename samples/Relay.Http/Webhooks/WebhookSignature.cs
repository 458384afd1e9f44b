using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Relay.Http;

/// <summary>
/// Signs as Standard Webhooks 1.0 says: <c>webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))</c>, where the secret is shown as
/// <c>whsec_BASE64</c>.
/// </summary>
internal static class WebhookSignature
{
    private const string Prefix = "whsec_";

    /// <summary>A new secret of 256 bits.</summary>
    internal static byte[] CreateSecret() => RandomNumberGenerator.GetBytes(32);

    /// <summary>The secret as it is shown.</summary>
    internal static string Show(byte[] secret) => Prefix + Convert.ToBase64String(secret);

    /// <summary>The header's value.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="id">The <c>webhook-id</c> header: the same one whenever the message is tried again.</param>
    /// <param name="timestamp">The <c>webhook-timestamp</c> header: the time of this attempt in Unix seconds.</param>
    /// <param name="body">The body.</param>
    internal static string Sign(byte[] secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        byte[] prefix = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(prefix);
        hmac.AppendData(body);
        return $"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}";
    }
}
