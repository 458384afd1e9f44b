namespace Relay.Delivery;

/// <summary>Return paths that name message and recipient.</summary>
/// <param name="Domain">The domain, whose MX is this relay.</param>
/// <param name="Key">The secret, at least 16 octets.</param>
public sealed record VerpSettings(string Domain, ReadOnlyMemory<byte> Key);
