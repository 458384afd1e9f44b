using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Smtp.Interop;

namespace Relay.Host.Tests;

public sealed class DevelopmentCertificateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void It_is_made_once_and_kept()
    {
        DevelopmentCertificateFiles first = Get();
        byte[] made = File.ReadAllBytes(first.CertificatePath);

        DevelopmentCertificateFiles second = Get();

        Assert.True(first.IsNew);
        Assert.False(second.IsNew);
        Assert.Equal(made, File.ReadAllBytes(second.CertificatePath));
    }

    [Fact]
    public void It_is_for_this_machine_and_its_key_for_its_owner()
    {
        DevelopmentCertificateFiles files = Get();

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(files.CertificatePath);
        Assert.All(["localhost", "127.0.0.1", "::1", "relay.example.com"], name => Assert.True(certificate.MatchesHostname(name)));
        Assert.False(certificate.MatchesHostname("example.com"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(files.KeyPath));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void It_is_renewed_before_it_expires()
    {
        Get();
        _time.Advance(DevelopmentCertificate.Lifetime - DevelopmentCertificate.RenewBefore - TimeSpan.FromMinutes(1));
        Assert.False(Get().IsNew);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(Get().IsNew);
        Assert.False(Get().IsNew);
    }

    [Fact]
    public void It_is_renewed_for_another_name() => Assert.Equal([true, true, false], [Get().IsNew, Get("other.example.com").IsNew, Get("other.example.com").IsNew]);

    [Theory]
    [InlineData("development-key.pem")]
    [InlineData("development-certificate.pem")]
    public void Half_of_a_pair_is_no_pair(string lost)
    {
        Get();
        File.Delete(_folder[lost]);
        Assert.True(Get().IsNew);
        File.WriteAllText(_folder[lost], "-----BEGIN");
        Assert.True(Get().IsNew);
        Assert.False(Get().IsNew);
    }

    public void Dispose() => _folder.Dispose();

    private DevelopmentCertificateFiles Get(string hostName = "relay.example.com") => DevelopmentCertificate.GetOrCreate(_folder.Path, hostName, _time);
}
