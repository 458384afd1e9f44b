namespace Smtp.Core;

/// <summary>What ties a SASL exchange to one TLS connection (RFC 5056).</summary>
/// <param name="Name">The type's registered name, such as "tls-exporter" (RFC 9266) or "tls-server-end-point" (RFC 5929).</param>
/// <param name="Data">The binding's octets.</param>
public sealed record SaslChannelBinding(string Name, ReadOnlyMemory<byte> Data);
