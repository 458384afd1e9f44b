using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Server;

/// <summary>A TLS connection that somebody else has made: see <see cref="AcceptedConnection.TlsHandshake"/>.</summary>
public sealed class EstablishedTls
{
    /// <summary>The octets both ways as plaintext, from here on in place of <see cref="AcceptedConnection.Transport"/>.</summary>
    public required IDuplexPipe Transport { get; init; }

    /// <summary>The TLS version.</summary>
    public required SslProtocols Protocol { get; init; }

    /// <summary>The cipher suite.</summary>
    public required TlsCipherSuite CipherSuite { get; init; }

    /// <summary>The name that the client asked for by SNI. Default null.</summary>
    public string? ServerName { get; init; }

    /// <summary>The server's certificate, which SCRAM-SHA-256-PLUS binds to. Default null: that is not offered.</summary>
    public X509Certificate2? ServerCertificate { get; init; }

    /// <summary>The client's certificate. Default null.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>What validation found wrong with <see cref="ClientCertificate"/>. Default nothing, as whoever makes the handshake can refuse it there.</summary>
    public SslPolicyErrors ClientCertificateErrors { get; init; }
}
