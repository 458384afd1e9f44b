using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Relay.Spool;

namespace Relay.Host;

/// <summary>
/// A self-signed certificate, so that TLS works on a first run. It is kept, so that a client that was told to trust it goes on doing so.
/// </summary>
internal static class DevelopmentCertificate
{
    /// <summary>How long a new certificate is valid.</summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>A certificate that has less left at a start is renewed.</summary>
    internal static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>Looks for the certificate, and makes a new one if there is none, or none that is good for <see cref="RenewBefore"/> and this name.</summary>
    /// <param name="folder">The folder of both files, which exists.</param>
    /// <param name="hostName">The relay's name, which the certificate has besides localhost and the loopback addresses.</param>
    /// <param name="time">The clock that tells what expires.</param>
    /// <exception cref="RelayStartException">The files cannot be written.</exception>
    internal static DevelopmentCertificateFiles GetOrCreate(string folder, string hostName, TimeProvider time)
    {
        var files = new DevelopmentCertificateFiles(
            Path.Combine(folder, "development-certificate.pem"), Path.Combine(folder, "development-key.pem"), IsNew: false);
        if (IsGood(files, hostName, time.GetUtcNow()))
        {
            return files;
        }

        try
        {
            Create(files, hostName, time.GetUtcNow());
            return files with { IsNew = true };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RelayStartException($"Relay:DataPath: the development certificate cannot be written: {error.Message}", error);
        }
    }

    private static bool IsGood(DevelopmentCertificateFiles files, string hostName, DateTimeOffset now)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPemFile(files.CertificatePath, files.KeyPath);
            return certificate.NotBefore <= now.LocalDateTime
                && certificate.NotAfter > (now + RenewBefore).LocalDateTime
                && certificate.MatchesHostname(NameFor(hostName));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // Not there, cut off, or a pair that does not belong together as a crash came between the two files.
            return false;
        }
    }

    private static void Create(DevelopmentCertificateFiles files, string hostName, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost, O=Relay.Host development", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        if (NameFor(hostName) is { } name && name != "localhost")
        {
            names.AddDnsName(name);
        }

        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());

        // Not a CA: whoever trusts this certificate trusts it, and nothing that its key could sign.
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));

        // An hour back, for clients whose clock is behind.
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddHours(-1), now + Lifetime);
        Replace(files.KeyPath, key.ExportPkcs8PrivateKeyPem());
        Replace(files.CertificatePath, certificate.ExportCertificatePem());
    }

    /// <summary>The DNS name to put into a certificate; an address literal has none.</summary>
    private static string NameFor(string hostName) => Uri.CheckHostName(hostName) == UriHostNameType.Dns ? hostName : "localhost";

    /// <summary>Writes a file that is either the old one or the new one, and never readable to others.</summary>
    private static void Replace(string path, string pem)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        using (FileStream file = DurableFolder.CreatePrivateFile(temporary))
        using (var writer = new StreamWriter(file))
        {
            writer.Write(pem);
            writer.Write('\n');
        }

        File.Move(temporary, path, overwrite: true);
    }
}
