namespace Relay.Delivery;

/// <summary>A key that signs the mail of a domain.</summary>
/// <param name="Domain">The domain (d=), in lower case; mail from its subdomains is signed by it too, unless they have keys of their own.</param>
/// <param name="Selector">The selector (s=): the key's record is at <c>SELECTOR._domainkey.DOMAIN</c>.</param>
/// <param name="KeyPath">The private key in PEM: RSA of at least 1024 bits, or Ed25519. Loaded again when the file changes.</param>
public sealed record DkimSettings(string Domain, string Selector, string KeyPath);
