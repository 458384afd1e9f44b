using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Lets clients in by their TLS certificate: SASL EXTERNAL (RFC 4422 appendix A). Needs <see cref="SmtpListenerOptions.ClientCertificates"/>, and EXTERNAL among
/// <see cref="SmtpServerOptions.AuthenticationMechanisms"/>. Other mechanisms go on to a second authenticator, if there is one.
/// </summary>
public sealed class ClientCertificateAuthenticator : ISmtpAuthenticator
{
    private readonly Func<SmtpSessionContext, X509Certificate2, string?> _identityOf;

    /// <summary>Trusts certificates that the system's validation finds nothing wrong with.</summary>
    /// <param name="identityOf">Says who a certificate stands for; null for nobody.</param>
    public ClientCertificateAuthenticator(Func<X509Certificate2, string?> identityOf)
    {
        ArgumentNullException.ThrowIfNull(identityOf);
        _identityOf = (session, certificate) => session.ClientCertificateErrors == SslPolicyErrors.None ? identityOf(certificate) : null;
    }

    /// <summary>Trusts these certificates and no others, whoever signed them.</summary>
    /// <param name="identities">The SHA-256 hash of each one's DER form, 64 hexadecimal digits with or without colons, and who it stands for.</param>
    /// <exception cref="ArgumentException">A key is no such hash, or is there twice.</exception>
    public ClientCertificateAuthenticator(IEnumerable<KeyValuePair<string, string>> identities)
    {
        ArgumentNullException.ThrowIfNull(identities);
        var byHash = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string hash, string identity) in identities)
        {
            string digits = hash.Replace(":", string.Empty, StringComparison.Ordinal);
            ArgumentException.ThrowIfNullOrEmpty(identity, nameof(identities));
            if (digits.Length != 64 || !digits.All(char.IsAsciiHexDigit))
            {
                throw new ArgumentException($"\"{hash}\" is no SHA-256 hash of 64 hexadecimal digits.", nameof(identities));
            }

            if (!byHash.TryAdd(digits, identity))
            {
                throw new ArgumentException($"The hash \"{hash}\" is there twice.", nameof(identities));
            }
        }

        _identityOf = (_, certificate) =>
            byHash.GetValueOrDefault(certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256));
    }

    /// <summary>Who checks other mechanisms. Default nobody: they fail.</summary>
    public ISmtpAuthenticator? Otherwise { get; init; }

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(credentials);
        if (credentials.Mechanism != "EXTERNAL")
        {
            return Otherwise?.AuthenticateAsync(session, credentials, cancellationToken) ?? ValueTask.FromResult(AuthenticationResult.Failure);
        }

        string? identity = session.ClientCertificate is { } certificate ? _identityOf(session, certificate) : null;
        return ValueTask.FromResult(string.IsNullOrEmpty(identity) ? AuthenticationResult.Failure : AuthenticationResult.Success(identity));
    }
}
