using System.Net.Security;

namespace Smtp.Server;

/// <summary>Finds the certificate for a handshake. Asked at each one, so what it returns may change while the server runs.</summary>
public interface ITlsCertificateSource
{
    /// <summary>Finds a certificate.</summary>
    /// <param name="serverName">The name that the client asked for by SNI (RFC 6066 §3); null or empty if it named none.</param>
    /// <returns>The certificate with its chain. Return the same object as long as it is the same certificate: TLS sessions resume by it.</returns>
    /// <exception cref="InvalidOperationException">There is none; the handshake fails.</exception>
    SslStreamCertificateContext GetCertificate(string? serverName);
}
