using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Org.BouncyCastle.Crypto.Parameters;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

/// <summary>Signatures are verified by python3-dkim, which shares no code with what makes them.</summary>
public sealed class DkimTests : IDisposable
{
    private const string Plain = "From: Ann <ann@shop.example.test>\r\nTo: bob@example.net\r\nSubject: Your order\r\n  number 7\r\nMessage-ID: <7@example.test>\r\n"
        + "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\nHello  Bob,\t\r\n\r\n.dots and  spaces \r\n\r\n\r\n";

    private const string Multipart = "From: ann@shop.example.test\r\nTo: bob@example.net\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: multipart/alternative;\r\n\tboundary=\"b1\"\r\nMessage-ID: <8@example.test>\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\n"
        + "preamble\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\u00fc\u00dfe \r\n--b1\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--b1--\r\nepilogue";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Plain, "rsa")]
    [InlineData(Plain, "ed25519")]
    [InlineData(Multipart, "rsa")]
    [InlineData(Multipart, "ed25519")]
    [InlineData("From: ann@shop.example.test\r\n\r\n", "rsa")]
    [InlineData("From: ann@shop.example.test\r\n\r\nno line end", "rsa")]
    [InlineData("Subject: no date, no id\r\nFrom: ann@shop.example.test\r\n\r\nbody\r\n", "ed25519")]
    [InlineData("from:ann@shop.example.test\r\nX-Odd:\r\nContent-Type: nonsense\r\nReceived: by a\r\n\r\nbody\r\n\r\n", "rsa")]
    public async Task A_signature_passes_the_independent_verifier(string message, string kind)
    {
        string record = WriteKey("key.pem", kind);
        byte[] signed = await SignAsync(message, Keys("key.pem"));
        Assert.Equal("True", await VerifyAsync(signed, 0, record));

        // And a body that was changed on the way does not.
        Assert.Equal("False", await VerifyAsync([.. signed, .. "more\r\n"u8], 0, record));
    }

    [Fact]
    public async Task A_field_added_behind_the_signature_is_found()
    {
        string record = WriteKey("key.pem", "rsa");
        byte[] signed = await SignAsync(Plain, Keys("key.pem"));
        Assert.Equal("False", await VerifyAsync([.. "From: other@example.test\r\n"u8, .. signed], 0, record));
        Assert.Equal("False", await VerifyAsync([.. "Subject: other\r\n"u8, .. signed], 0, record));
    }

    [Fact]
    public async Task Two_keys_of_a_domain_sign_side_by_side()
    {
        string rsa = WriteKey("rsa.pem", "rsa");
        string ed = WriteKey("ed.pem", "ed25519");
        byte[] signed = await SignAsync(Multipart, Keys("rsa.pem", "ed.pem"));
        Assert.Equal("True", await VerifyAsync(signed, 0, rsa));
        Assert.Equal("True", await VerifyAsync(signed, 1, ed));
    }

    [Fact]
    public async Task A_key_that_changes_is_loaded_again_and_a_broken_one_is_not()
    {
        string first = WriteKey("key.pem", "rsa");
        DkimKeys keys = Keys("key.pem");
        Assert.Equal("True", await VerifyAsync(await SignAsync(Plain, keys), 0, first));

        string second = WriteKey("key.pem", "ed25519");
        File.SetLastWriteTimeUtc(_folder["key.pem"], DateTime.UtcNow.AddMinutes(1));
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("True", await VerifyAsync(await SignAsync(Plain, keys), 0, second));

        await File.WriteAllTextAsync(_folder["key.pem"], "half a ke", TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("True", await VerifyAsync(await SignAsync(Plain, keys), 0, second));
    }

    [Fact]
    public async Task Mail_of_other_domains_is_not_signed_and_nothing_is_added_that_is_there()
    {
        WriteKey("key.pem", "rsa");
        DkimKeys keys = Keys("key.pem");
        Assert.Empty(await PrefixAsync(Plain, keys, "example.net"));
        Assert.NotEmpty(await PrefixAsync(Plain, keys, "deep.shop.example.test"));
        string added = Encoding.ASCII.GetString(await PrefixAsync("Subject: x\r\n\r\n", keys, "shop.example.test"));
        Assert.Equal($"Date: {_time.GetUtcNow().UtcDateTime:ddd, dd MMM yyyy HH:mm:ss} +0000\r\nMessage-ID: <0123@relay.example.test>\r\n", added);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData("")]
    public async Task What_is_no_key_is_refused_at_the_start(string pem)
    {
        await File.WriteAllTextAsync(_folder["key.pem"], pem, TestContext.Current.CancellationToken);
        DkimKeyException error = Assert.Throws<DkimKeyException>(() => Keys("key.pem"));
        Assert.Contains("key.pem", error.Message, StringComparison.Ordinal);
        Assert.Throws<DkimKeyException>(() => Keys("missing.pem"));
    }

    private DkimKeys Keys(params string[] files) =>
        new([.. files.Select(f => new DkimSettings("example.test", "sel", _folder[f]))], _time, NullLogger.Instance);

    private async Task<byte[]> SignAsync(string message, DkimKeys keys) =>
        [.. await PrefixAsync(message, keys, "shop.example.test"), .. Encoding.UTF8.GetBytes(message)];

    private async Task<byte[]> PrefixAsync(string message, DkimKeys keys, string domain)
    {
        byte[] content = Encoding.UTF8.GetBytes(message);
        return await new MessageSigner(keys, "relay.example.test").CreateAsync(
            content.AsMemory(0, HeaderScanner.HeaderLength(content)),
            () => new MemoryStream(content),
            domain,
            "0123",
            _time.GetUtcNow(),
            TestContext.Current.CancellationToken);
    }

    /// <summary>Writes a private key and returns the record of the public one.</summary>
    private string WriteKey(string name, string kind)
    {
        if (kind == "rsa")
        {
            using var rsa = RSA.Create(2048);
            File.WriteAllText(_folder[name], rsa.ExportPkcs8PrivateKeyPem());
            return "v=DKIM1; k=rsa; p=" + Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo());
        }

        var key = new Ed25519PrivateKeyParameters(RandomNumberGenerator.GetBytes(32));
        byte[] info = Org.BouncyCastle.Pkcs.PrivateKeyInfoFactory.CreatePrivateKeyInfo(key).GetEncoded();
        File.WriteAllText(_folder[name], PemEncoding.WriteString("PRIVATE KEY", info));
        return "v=DKIM1; k=ed25519; p=" + Convert.ToBase64String(key.GeneratePublicKey().GetEncoded());
    }

    private async Task<string> VerifyAsync(byte[] message, int index, string record)
    {
        const string Python = "/usr/bin/python3";
        ExternalProgram.DemandThat(
            Directory.Exists("/usr/lib/python3/dist-packages/dkim") && Directory.Exists("/usr/lib/python3/dist-packages/nacl"),
            "python3-dkim is not installed: apt-get install python3-dkim python3-nacl",
            Assert.Skip);
        await File.WriteAllBytesAsync(_folder["message.eml"], message, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder["verify.py"], """
            import sys, dkim
            record = sys.argv[3].encode()
            message = open(sys.argv[1], 'rb').read()
            try:
                print(dkim.DKIM(message).verify(int(sys.argv[2]), dnsfunc=lambda name, timeout=5: record))
            except dkim.ValidationError:
                print(False)
            """, TestContext.Current.CancellationToken);
        using Process process = Process.Start(new ProcessStartInfo(
            Python, [_folder["verify.py"], _folder["message.eml"], index.ToString(System.Globalization.CultureInfo.InvariantCulture), record])
        {
            RedirectStandardOutput = true,
        })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.Trim();
    }
}
