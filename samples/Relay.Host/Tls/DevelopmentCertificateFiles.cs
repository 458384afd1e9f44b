namespace Relay.Host;

/// <summary>Where the development certificate lies.</summary>
/// <param name="CertificatePath">The certificate, in PEM.</param>
/// <param name="KeyPath">Its key, in PEM.</param>
/// <param name="IsNew">Whether it was made just now.</param>
internal sealed record DevelopmentCertificateFiles(string CertificatePath, string KeyPath, bool IsNew);
