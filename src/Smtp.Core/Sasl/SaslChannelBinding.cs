using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Core;

/// <summary>What ties a SASL exchange to one TLS connection (RFC 5056).</summary>
/// <param name="Name">The type's registered name, such as "tls-exporter" (RFC 9266) or "tls-server-end-point" (RFC 5929).</param>
/// <param name="Data">The binding's octets.</param>
public sealed record SaslChannelBinding(string Name, ReadOnlyMemory<byte> Data)
{
    /// <summary>Whether both bind to the same connection: same name, same octets.</summary>
    public bool Equals(SaslChannelBinding? other) => other is not null && Name == other.Name && Data.Span.SequenceEqual(other.Data.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Data.Length);

    /// <summary>
    /// The binding "tls-server-end-point" (RFC 5929 §4.1): a hash of the server's certificate. "tls-exporter" would be better, but .NET gives
    /// no access to TLS's exporter.
    /// </summary>
    public static SaslChannelBinding OfServerCertificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);

        // The hash of the certificate's signature, and SHA-256 in place of MD5 and SHA-1.
        string algorithm = certificate.SignatureAlgorithm.FriendlyName ?? string.Empty;
        HashAlgorithmName hash = algorithm.Contains("512", StringComparison.Ordinal) ? HashAlgorithmName.SHA512
            : algorithm.Contains("384", StringComparison.Ordinal) ? HashAlgorithmName.SHA384
            : HashAlgorithmName.SHA256;
        return new SaslChannelBinding("tls-server-end-point", certificate.GetCertHash(hash));
    }
}
