using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Relay.Delivery;

/// <summary>Trusts what the system trusts, and what files name. The name in the certificate must be right in both cases.</summary>
internal sealed class TrustStore
{
    private readonly ConcurrentDictionary<(string Path, DateTime Stamp), X509Certificate2Collection> _loaded = new();

    /// <summary>Validates by the system's certificates and a file's; null where the system's validation is all.</summary>
    /// <param name="caPath">A PEM file; null for none.</param>
    /// <exception cref="IOException">The file cannot be read, or holds no certificate.</exception>
    internal RemoteCertificateValidationCallback? Validator(string? caPath)
    {
        if (caPath is null)
        {
            return null;
        }

        X509Certificate2Collection trusted = _loaded.GetOrAdd((caPath, File.GetLastWriteTimeUtc(caPath)), static key => Load(key.Path));
        return (_, certificate, presented, errors) =>
            errors == SslPolicyErrors.None
            || (errors == SslPolicyErrors.RemoteCertificateChainErrors && certificate is X509Certificate2 leaf && IsTrusted(trusted, leaf, presented));
    }

    private static X509Certificate2Collection Load(string path)
    {
        var trusted = new X509Certificate2Collection();
        try
        {
            trusted.ImportFromPemFile(path);
        }
        catch (Exception error) when (error is CryptographicException or UnauthorizedAccessException)
        {
            throw new IOException($"\"{path}\" cannot be read as PEM certificates: {error.Message}", error);
        }

        return trusted.Count > 0 ? trusted : throw new IOException($"There is no PEM certificate in \"{path}\".");
    }

    private static bool IsTrusted(X509Certificate2Collection trusted, X509Certificate2 leaf, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (X509ChainElement element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(leaf);
    }
}
