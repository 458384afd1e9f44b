using Smtp.Client;

namespace Relay.Delivery;

/// <summary>A host that mail is handed to, whatever the name servers say.</summary>
/// <param name="Host">A name or an IP address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Tls">How the connection gets TLS.</param>
/// <param name="Credentials">Whom to authenticate as; null for nobody.</param>
/// <param name="CaPath">A PEM file of certificates to trust besides the system's; null for none.</param>
public sealed record RouteSettings(string Host, int Port, SmtpTlsMode Tls, SmtpCredentials? Credentials = null, string? CaPath = null)
{
    /// <summary><c>host:port</c>, an IPv6 address in brackets.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
