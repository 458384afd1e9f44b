using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Client;

/// <summary>The TLS of a connection as it was negotiated.</summary>
/// <param name="Protocol">The version.</param>
/// <param name="CipherSuite">The cipher suite.</param>
/// <param name="Certificate">The server's certificate; valid as long as the connection.</param>
/// <param name="PolicyErrors">
/// What the system's validation found, the names of <see cref="SmtpConnectionOptions.TlsHostNames"/> counted in.
/// </param>
/// <param name="Trust">Why the certificate was accepted.</param>
/// <param name="IsImplicit">Whether TLS came first (RFC 8314), and not by STARTTLS.</param>
public sealed record TlsFacts(
    SslProtocols Protocol,
    TlsCipherSuite CipherSuite,
    X509Certificate? Certificate,
    SslPolicyErrors PolicyErrors,
    SmtpTlsTrust Trust,
    bool IsImplicit);
