using System.Collections.Frozen;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Server;

/// <summary>
/// A set of certificates, chosen by SNI: an exact DNS name, else a wildcard for the name's parent, else the first certificate. The set can be
/// replaced while the server runs.
/// </summary>
public sealed class TlsCertificates : ITlsCertificateSource
{
    private volatile Set _set;

    /// <summary>Makes a set.</summary>
    /// <param name="certificates">At least one, each with its private key. The first one serves clients that name no known host.</param>
    public TlsCertificates(params ReadOnlySpan<X509Certificate2> certificates) => _set = new Set(certificates);

    /// <summary>Replaces the whole set. Connections that are open keep what they have.</summary>
    public void Replace(params ReadOnlySpan<X509Certificate2> certificates) => _set = new Set(certificates);

    /// <inheritdoc/>
    public SslStreamCertificateContext GetCertificate(string? serverName) => _set.Find(serverName);

    private sealed class Set
    {
        private readonly SslStreamCertificateContext _default;
        private readonly FrozenDictionary<string, SslStreamCertificateContext> _byName;

        internal Set(ReadOnlySpan<X509Certificate2> certificates)
        {
            if (certificates.IsEmpty)
            {
                throw new ArgumentException("At least one certificate is needed.", nameof(certificates));
            }

            var byName = new Dictionary<string, SslStreamCertificateContext>(StringComparer.OrdinalIgnoreCase);
            SslStreamCertificateContext? first = null;
            foreach (X509Certificate2 certificate in certificates)
            {
                if (!certificate.HasPrivateKey)
                {
                    throw new ArgumentException($"The certificate '{certificate.Subject}' has no private key.", nameof(certificates));
                }

                // Offline: intermediates must come with the certificate, a handshake must not wait for downloads.
                SslStreamCertificateContext context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
                first ??= context;
                foreach (string name in DnsNames(certificate))
                {
                    byName.TryAdd(name, context);
                }
            }

            _default = first!;
            _byName = byName.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        }

        internal SslStreamCertificateContext Find(string? serverName)
        {
            if (string.IsNullOrEmpty(serverName))
            {
                return _default;
            }

            if (_byName.TryGetValue(serverName, out SslStreamCertificateContext? exact))
            {
                return exact;
            }

            int dot = serverName.IndexOf('.', StringComparison.Ordinal);
            return dot > 0 && _byName.TryGetValue(string.Concat("*", serverName.AsSpan(dot)), out SslStreamCertificateContext? wildcard)
                ? wildcard
                : _default;
        }

        private static IEnumerable<string> DnsNames(X509Certificate2 certificate)
        {
            foreach (X509Extension extension in certificate.Extensions)
            {
                if (extension is X509SubjectAlternativeNameExtension names)
                {
                    return names.EnumerateDnsNames();
                }
            }

            return [certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false)];
        }
    }
}
