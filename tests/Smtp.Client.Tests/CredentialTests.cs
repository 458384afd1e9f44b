using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>Which mechanism is chosen, tokens, and whom TLS trusts.</summary>
public sealed class CredentialTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("PLAIN LOGIN SCRAM-SHA-256", null, "SCRAM-SHA-256")]
    [InlineData("LOGIN PLAIN", null, "PLAIN")]
    [InlineData("LOGIN", null, "LOGIN")]
    [InlineData("PLAIN LOGIN SCRAM-SHA-256", "login", "LOGIN")]
    public async Task The_strongest_that_is_offered_and_allowed_is_chosen(string offered, string? allowed, string chosen)
    {
        string said = await FirstAuthAsync(new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            Tls = SmtpTlsMode.None,
            AllowPlaintextAuthentication = true,
            Credentials = new SmtpCredentials("user", "secret"),
            AuthenticationMechanisms = allowed is null ? null : [allowed],
        }, offered);
        Assert.Equal("AUTH " + chosen, string.Join(' ', said.Split(' ').Take(2)));
    }

    [Fact]
    public async Task SCRAM_is_used_without_TLS_and_nothing_weaker_is()
    {
        var options = new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            Tls = SmtpTlsMode.None,
            Credentials = new SmtpCredentials("user", "secret"),
        };
        Assert.Empty(options.Validate());
        Assert.StartsWith("AUTH SCRAM-SHA-256 ", await FirstAuthAsync(options, "PLAIN SCRAM-SHA-256"), StringComparison.Ordinal);
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(
            () => TestConnection.OpenAsync(options, "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 AUTH PLAIN"));
        Assert.Contains("no TLS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_says_235_without_proof_is_not_believed()
    {
        var options = new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            Tls = SmtpTlsMode.None,
            Credentials = new SmtpCredentials("user", "secret"),
        };
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far);
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(near, options, Token).AsTask();
        await peer.RunAsync("S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 AUTH SCRAM-SHA-256");
        await peer.ReadLineAsync();
        await peer.SayAsync("235 2.7.0 welcome\r\n");
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => connecting);
        Assert.Equal(PeerViolation.ServerNotVerified, error.Violation);
    }

    [Fact]
    public async Task A_token_is_kept_renewed_before_it_expires_and_once_more_when_it_is_refused()
    {
        var time = new FakeTimeProvider();
        var forced = new List<bool>();
        SmtpCredentials credentials = SmtpCredentials.ForToken("user", (force, _) =>
        {
            forced.Add(force);
            return new ValueTask<SmtpAccessToken>(new SmtpAccessToken($"token{forced.Count}", time.GetUtcNow().AddMinutes(10)));
        });
        SmtpConnectionOptions options = TestConnection.Options(credentials: credentials, allowPlaintext: true, timeProvider: time);
        await OpenAsync(options, "AUTH XOAUTH2", "C: AUTH XOAUTH2 " + XOAuth2("token1") + "\nS: 235 ok");
        await OpenAsync(options, "AUTH XOAUTH2", "C: AUTH XOAUTH2 " + XOAuth2("token1") + "\nS: 235 ok");
        Assert.Equal([false], forced);

        time.Advance(TimeSpan.FromMinutes(9.5));
        await OpenAsync(options, "AUTH XOAUTH2", "C: AUTH XOAUTH2 " + XOAuth2("token2") + "\nS: 235 ok");
        Assert.Equal([false, false], forced);

        await OpenAsync(
            options,
            "AUTH XOAUTH2",
            $"C: AUTH XOAUTH2 {XOAuth2("token2")}\nS: 334 e30=\nC:\nS: 535 5.7.8 no\nC: AUTH XOAUTH2 {XOAuth2("token3")}\nS: 235 ok");
        Assert.Equal([false, false, true], forced);

        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => OpenAsync(
            options,
            "AUTH XOAUTH2",
            $"C: AUTH XOAUTH2 {XOAuth2("token3")}\nS: 535 5.7.8 no\nC: AUTH XOAUTH2 {XOAuth2("token4")}\nS: 535 5.7.8 never"));
        Assert.Equal("535 5.7.8 never", error.Reply.ToString());
        Assert.DoesNotContain("token", new SmtpAccessToken("token").ToString().Replace("access token", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OAUTHBEARER_goes_before_XOAUTH2_and_its_refusal_is_answered()
    {
        SmtpCredentials credentials = SmtpCredentials.ForToken("user", (_, _) => new ValueTask<SmtpAccessToken>(new SmtpAccessToken("t")));
        string message = Convert.ToBase64String(Encoding.ASCII.GetBytes("n,a=user,\u0001host=mx.test\u0001port=25\u0001auth=Bearer t\u0001\u0001"));
        await Assert.ThrowsAsync<SmtpReplyException>(() => OpenAsync(
            TestConnection.Options(credentials: credentials, allowPlaintext: true),
            "AUTH XOAUTH2 OAUTHBEARER",
            $"C: AUTH OAUTHBEARER {message}\nS: 334 e30=\nC: AQ==\nS: 535 no\nC: AUTH OAUTHBEARER {message}\nS: 334 e30=\nC: AQ==\nS: 535 no"));
    }

    [Fact]
    public async Task A_source_of_tokens_that_fails_is_told_as_itself()
    {
        SmtpCredentials credentials = SmtpCredentials.ForToken("user", (_, _) => throw new FormatException("mine"));
        await Assert.ThrowsAsync<FormatException>(() => OpenAsync(
            TestConnection.Options(credentials: credentials, allowPlaintext: true), "AUTH XOAUTH2", ""));
    }

    [Fact]
    public async Task Shared_credentials_ask_for_one_token_at_a_time()
    {
        int asked = 0;
        var source = new TokenSource(async (_, _) =>
        {
            int number = Interlocked.Increment(ref asked);
            await Task.Delay(10, Token);
            return new SmtpAccessToken($"token{number}");
        });
        string[] tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => source.GetAsync(null, DateTimeOffset.UnixEpoch, Token).AsTask()));
        Assert.All(tokens, token => Assert.Equal("token1", token));
        tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => source.GetAsync("token1", DateTimeOffset.UnixEpoch, Token).AsTask()));
        Assert.All(tokens, token => Assert.Equal("token2", token));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task EXTERNAL_shows_the_client_certificate()
    {
        using X509Certificate2 certificate = TestCertificate.Create("mx.test");
        using X509Certificate2 own = TestCertificate.Create("client.test");
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far, certificate) { WantsClientCertificate = true };
        Task script = peer.RunAsync("<tls>\nS: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 AUTH PLAIN EXTERNAL\nC: AUTH EXTERNAL =\nS: 235 ok");
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(near, new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            Tls = SmtpTlsMode.Implicit,
            ClientCertificates = [own],
            Credentials = SmtpCredentials.ForClientCertificate(),
            CertificateValidation = (_, found, _, _) => found is not null,
        }, Token);
        await script;
        Assert.True(connection.IsAuthenticated);
        Assert.Equal(own.GetCertHashString(), peer.ClientCertificate!.GetCertHashString());
        Assert.Equal((SmtpTlsTrust.Callback, true), (connection.Tls!.Trust, connection.Tls.IsImplicit));
        connection.Abort();
    }

    [Theory]
    [InlineData(true, "mx.test", true)]
    [InlineData(true, "other.test", true)]
    [InlineData(false, "mx.test", false)]
    public async Task A_pinned_key_is_trusted_whatever_the_name_and_no_other_is(bool pinned, string name, bool trusted)
    {
        using X509Certificate2 certificate = TestCertificate.Create(name);
        using X509Certificate2 other = TestCertificate.Create(name);
        X509Certificate2 expected = pinned ? certificate : other;
        var options = new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            PinnedPublicKeys = [Convert.ToBase64String(SHA256.HashData(expected.PublicKey.ExportSubjectPublicKeyInfo()))],
        };
        if (!trusted)
        {
            SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(() => OpenTlsAsync(options, certificate));
            Assert.Equal(TransportFailure.TlsFailed, error.Failure);
            return;
        }

        await using SmtpConnection connection = await OpenTlsAsync(options, certificate);
        Assert.Equal((SmtpTlsTrust.PinnedPublicKey, false), (connection.Tls!.Trust, connection.Tls.IsImplicit));
        connection.Abort();
    }

    [Theory]
    [InlineData("mail.example.com", true)]
    [InlineData("elsewhere.test", false)]
    public async Task A_certificate_may_have_another_of_the_names(string name, bool matches)
    {
        using X509Certificate2 certificate = TestCertificate.Create(name);
        System.Net.Security.SslPolicyErrors seen = default;
        var options = new SmtpConnectionOptions
        {
            Host = "mx.test",
            LocalName = "client.test",
            TlsHostNames = ["mail.example.com"],
            CertificateValidation = (_, found, _, errors) =>
            {
                seen = errors;
                return found is not null;
            },
        };
        await using SmtpConnection connection = await OpenTlsAsync(options, certificate);
        connection.Abort();
        Assert.Equal(!matches, seen.HasFlag(System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch));
        Assert.Equal(seen, connection.Tls!.PolicyErrors);
    }

    [Fact]
    public void Pins_and_names_that_mean_nothing_are_named()
    {
        using X509Certificate2 certificate = TestCertificate.Create("client.test");
        using X509Certificate2 withoutKey = X509CertificateLoader.LoadCertificate(certificate.RawData);
        var options = new SmtpConnectionOptions
        {
            Host = "mx.test",
            PinnedPublicKeys = ["AAAA"],
            TlsHostNames = ["a b"],
            ClientCertificates = [withoutKey],
        };
        Assert.Equal(3, options.Validate().Count);
    }

    private static async Task<SmtpConnection> OpenTlsAsync(SmtpConnectionOptions options, X509Certificate2 certificate)
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        Task script = new ScriptedPeer(far, certificate).RunAsync(
            "S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n<tls>\nC: EHLO client.test\nS: 250 mx");
        try
        {
            return await SmtpConnection.ConnectAsync(near, options, Token);
        }
        finally
        {
            await script.ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private static async Task OpenAsync(SmtpConnectionOptions options, string extension, string script)
    {
        await using SmtpConnection connection = await TestConnection.OpenAsync(
            options, $"S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 {extension}\n{script}");
        connection.Abort();
    }

    private static async Task<string> FirstAuthAsync(SmtpConnectionOptions options, string offered)
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far);
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(near, options, Token).AsTask();
        await peer.RunAsync($"S: 220 mx\nC: EHLO client.test\nS: 250-mx\nS: 250 AUTH {offered}");
        string line = (await peer.ReadLineAsync())!;
        await far.DisposeAsync();
        await Assert.ThrowsAsync<SmtpTransportException>(() => connecting);
        return line;
    }

    private static string XOAuth2(string token) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"user=user\u0001auth=Bearer {token}\u0001\u0001"));
}
