using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;

namespace Smtp.Server.Tests;

/// <summary>Which certificate a client sees.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly X509Certificate2 _first = TestCertificates.Create("mail.example.com", "mx.example.com");
    private readonly X509Certificate2 _wildcard = TestCertificates.Create("*.example.org");
    private readonly X509Certificate2 _exact = TestCertificates.Create("special.example.org");
    private readonly string _folder = Directory.CreateTempSubdirectory("smtp-server-tests-").FullName;

    public void Dispose()
    {
        _first.Dispose();
        _wildcard.Dispose();
        _exact.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_name_picks_the_certificate()
    {
        var certificates = new TlsCertificates(_first, _wildcard, _exact);
        Assert.Equal(_first, certificates.GetCertificate(null).TargetCertificate);
        Assert.Equal(_first, certificates.GetCertificate(string.Empty).TargetCertificate);
        Assert.Equal(_first, certificates.GetCertificate("unknown.example.net").TargetCertificate);
        Assert.Equal(_first, certificates.GetCertificate("MX.Example.COM").TargetCertificate);
        Assert.Equal(_wildcard, certificates.GetCertificate("any.EXAMPLE.org").TargetCertificate);
        Assert.Equal(_exact, certificates.GetCertificate("special.example.org").TargetCertificate);

        // A wildcard is for one label (RFC 6125 §6.4.3), and not for the parent.
        Assert.Equal(_first, certificates.GetCertificate("a.b.example.org").TargetCertificate);
        Assert.Equal(_first, certificates.GetCertificate("example.org").TargetCertificate);
        Assert.Same(certificates.GetCertificate("special.example.org"), certificates.GetCertificate("special.example.org"));
    }

    [Fact]
    public async Task The_name_picks_the_certificate_in_a_handshake_and_a_set_can_be_replaced()
    {
        var certificates = new TlsCertificates(_first, _wildcard);
        await using var server = TestServer.Start(certificates: certificates, listeners: TestServer.Listener(TlsMode.Implicit));
        Assert.Equal(_first, await SeenAsync(server, "mail.example.com"));
        Assert.Equal(_wildcard, await SeenAsync(server, "any.example.org"));
        Assert.Equal(_first, await SeenAsync(server, "else.example.net"));

        await using TestClient old = await server.ConnectSocketAsync();
        await old.ShakeHandsAsync();
        await old.GreetAsync();
        certificates.Replace(_exact);
        Assert.Equal(_exact, await SeenAsync(server, "mail.example.com"));
        Assert.StartsWith("250 2.0.0", await old.SendMessageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_has_expired_is_told_of_when_it_is_loaded()
    {
        (string certificate, string key) = Write(_first);
        var logs = new LogCollector();
        var time = new FakeTimeProvider(new DateTimeOffset(_first.NotAfter).AddSeconds(-1));
        _ = new PemCertificateFile(certificate, key, logs, time);
        Assert.Empty(logs.Entries);
        time.Advance(TimeSpan.FromSeconds(2));
        _ = new PemCertificateFile(certificate, key, logs, time);
        Assert.Contains($"The certificate {certificate} expired on {_first.NotAfter.ToUniversalTime():u}: ", Assert.Single(logs.Entries).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_is_neither_empty_nor_without_keys()
    {
        Assert.Throws<ArgumentException>(() => new TlsCertificates());
        using X509Certificate2 keyless = X509CertificateLoader.LoadCertificate(_first.RawData);
        ArgumentException error = Assert.Throws<ArgumentException>(() => new TlsCertificates(keyless));
        Assert.Contains("CN=mail.example.com", error.Message, StringComparison.Ordinal);

        var certificates = new TlsCertificates(_first);
        Assert.Throws<ArgumentException>(() => certificates.Replace(keyless));
        Assert.Equal(_first, certificates.GetCertificate(null).TargetCertificate);
    }

    [Fact]
    public void A_file_that_changed_is_loaded_again_and_a_broken_one_is_not()
    {
        var time = new FakeTimeProvider();
        var logs = new LogCollector();
        (string certificate, string key) = Write(_first);
        var file = new PemCertificateFile(certificate, key, logs, time);
        Assert.Equal(_first.Thumbprint, Seen());
        Assert.Same(file.GetCertificate(null), file.GetCertificate("mail.example.com"));

        // Not looked at within five seconds.
        Write(_wildcard, minutes: 1);
        Assert.Equal(_first.Thumbprint, Seen());
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(_wildcard.Thumbprint, Seen());
        Assert.Equal(30, Assert.Single(logs.Entries).EventId);

        // Half of it was replaced: the key does not fit.
        File.WriteAllText(certificate, TestCertificates.CertificatePem(_exact));
        Touch(certificate, minutes: 2);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(_wildcard.Thumbprint, Seen());
        Assert.Equal(31, logs.Entries[^1].EventId);

        File.WriteAllText(certificate, "-----BEGIN CERTIFICATE-----\nno base64 at all\n-----END CERTIFICATE-----\n");
        Touch(certificate, minutes: 3);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(_wildcard.Thumbprint, Seen());

        File.Delete(certificate);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(_wildcard.Thumbprint, Seen());
        Assert.Equal(3, logs.Entries.Count(e => e.EventId == 31));

        // Whole again.
        Write(_exact, minutes: 4);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(_exact.Thumbprint, Seen());

        string Seen() => file.GetCertificate(null).TargetCertificate.Thumbprint;
    }

    [Fact]
    public void A_file_that_is_missing_or_broken_from_the_start_is_an_error()
    {
        string nowhere = Path.Combine(_folder, "nowhere.pem");
        Assert.Contains(nowhere, Assert.Throws<FileNotFoundException>(() => new PemCertificateFile(nowhere, nowhere)).Message, StringComparison.Ordinal);
        string empty = Path.Combine(_folder, "empty.pem");
        File.WriteAllText(empty, string.Empty);
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => new PemCertificateFile(empty, empty));
    }

    [Fact]
    public async Task The_intermediates_of_a_file_are_sent()
    {
        (X509Certificate2 authority, X509Certificate2 leaf) = TestCertificates.CreateChain("mail.example.com");
        string certificate = Path.Combine(_folder, "fullchain.pem");
        string key = Path.Combine(_folder, "privkey.pem");
        File.WriteAllText(certificate, TestCertificates.CertificatePem(leaf) + TestCertificates.CertificatePem(authority));
        File.WriteAllText(key, TestCertificates.KeyPem(leaf));
        await using var server = TestServer.Start(
            certificates: new PemCertificateFile(certificate, key), listeners: TestServer.Listener(TlsMode.Implicit));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.ShakeHandsAsync();
        Assert.Contains(client.PeerChain, c => c.Equals(authority));
        authority.Dispose();
        leaf.Dispose();
    }

    private static async Task<X509Certificate2> SeenAsync(TestServer server, string name)
    {
        await using TestClient client = await server.ConnectSocketAsync();
        await client.ShakeHandsAsync(name);
        return new X509Certificate2(client.Tls!.RemoteCertificate!);
    }

    private static void Touch(string path, int minutes) => File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 1, 0, minutes, 0, DateTimeKind.Utc));

    private (string Certificate, string Key) Write(X509Certificate2 certificate, int minutes = 0)
    {
        string certificatePath = Path.Combine(_folder, "cert.pem");
        string keyPath = Path.Combine(_folder, "key.pem");
        File.WriteAllText(certificatePath, TestCertificates.CertificatePem(certificate));
        File.WriteAllText(keyPath, TestCertificates.KeyPem(certificate));
        Touch(certificatePath, minutes);
        Touch(keyPath, minutes);
        return (certificatePath, keyPath);
    }
}
