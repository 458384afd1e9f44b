using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Smtp.Interop;

namespace Relay.Host.Tests;

/// <summary>Keys and passwords that others may read: the operator hears of it at the start.</summary>
public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(0b110_000_000, null)]
    [InlineData(0b100_000_000, null)]
    [InlineData(0b110_100_100, "0644")]
    [InlineData(0b110_100_000, "0640")]
    [InlineData(0b110_000_010, "0602")]
    public void A_key_that_others_may_read_is_told_with_its_mode(int mode, string? told)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        string tls = Make("tls.pem", "key", (UnixFileMode)mode);
        using var key = RSA.Create(2048);
        string dkim = Make("dkim.pem", key.ExportPkcs8PrivateKeyPem(), (UnixFileMode)mode);

        IReadOnlyList<(string Path, string Mode)> exposed = Exposed($"--Relay:Tls:CertificatePath={tls}", $"--Relay:Dkim:example.com:s1={dkim}");

        Assert.Equal(told is null ? [] : [(tls, told), (dkim, told)], exposed);
    }

    [Fact]
    public void A_link_has_the_mode_of_what_it_leads_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        File.CreateSymbolicLink(_folder["live.pem"], Make("archive.pem", "key", Private));

        Assert.Empty(Exposed($"--Relay:Tls:CertificatePath={_folder["live.pem"]}"));
    }

    [Theory]
    [InlineData("""{ "Relay": { "Users": { "alice": "secret" } } }""", true)]
    [InlineData("""{ "Relay": { "NextHop": "mail.example.com:587", "NextHopUser": "a", "NextHopPassword": "secret" } }""", true)]
    [InlineData("""{ "Relay": { "Delivery": { "Verp": { "Domain": "b.example.com", "Secret": "0123456789abcdef" } } } }""", true)]
    [InlineData("""{ "Relay": { "HostName": "relay.example.com" } }""", false)]
    public void A_configuration_file_is_told_if_there_is_a_secret_in_it(string json, bool isTold)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        string path = Make("appsettings.json", json, Private | UnixFileMode.OtherRead);

        Assert.Equal(isTold ? [(path, "0604")] : [], Exposed());
        File.SetUnixFileMode(path, Private);
        Assert.Empty(Exposed());
    }

    public void Dispose() => _folder.Dispose();

    private string Make(string name, string content, UnixFileMode mode)
    {
        string path = _folder[name];
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }

        return path;
    }

    private IReadOnlyList<(string Path, string Mode)> Exposed(params string[] args)
    {
        using var configuration = new ConfigurationManager();
        configuration.AddJsonFile(_folder["appsettings.json"], optional: true, reloadOnChange: false);
        configuration.AddCommandLine(args);
        RelaySettings? settings = RelaySettingsReader.Read(configuration, out IReadOnlyList<string> errors);
        Assert.Empty(errors);
        return PrivateFiles.Exposed(configuration, settings!);
    }
}
