using Smtp.Client;

namespace Relay.Host;

/// <summary>The next hop, and how it is talked to.</summary>
/// <param name="Host">A name or an IP address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Tls">How the connection gets TLS.</param>
/// <param name="Credentials">Whom to authenticate as; null for nobody.</param>
/// <param name="CaPath">A PEM file of certificates to trust besides the system's; null for none.</param>
internal sealed record NextHopSettings(string Host, int Port, SmtpTlsMode Tls, SmtpCredentials? Credentials, string? CaPath)
{
    /// <summary><c>host:port</c>, an IPv6 address in brackets.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
