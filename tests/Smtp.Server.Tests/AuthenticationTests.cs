using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailKit.Security;
using MimeKit;
using Smtp.Core;
using SmtpClient = MailKit.Net.Smtp.SmtpClient;

namespace Smtp.Server.Tests;

/// <summary>The SASL mechanisms at the server, with MailKit as the other side where it has them.</summary>
public sealed class AuthenticationTests : IDisposable
{
    private static readonly string[] All = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "EXTERNAL", "PLAIN", "LOGIN"];

    private readonly X509Certificate2 _certificate = TestCertificates.Create("mail.example.com");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _certificate.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MailKit_proves_its_password_with_SCRAM(bool plus)
    {
        await using TestServer server = Start(new Directory());
        using SmtpClient client = await ConnectAsync(server);
        Assert.Contains("SCRAM-SHA-256-PLUS", client.AuthenticationMechanisms);
        SaslMechanism mechanism = plus
            ? new SaslMechanismScramSha256Plus(ScriptedAuthenticator.User, ScriptedAuthenticator.Password)
            : new SaslMechanismScramSha256(ScriptedAuthenticator.User, ScriptedAuthenticator.Password);
        if (!plus)
        {
            // A client that could bind and does not says "y"; a server that offers PLUS must take that for an attack (RFC 5802 §6). MailKit says "n".
            Assert.Equal("SCRAM-SHA-256", mechanism.MechanismName);
        }

        await client.AuthenticateAsync(mechanism, Token);
        await SendAsync(client);
        await client.DisconnectAsync(true, Token);
        Assert.Equal(ScriptedAuthenticator.User, Assert.Single(server.Sink.Messages).Identity);
        LogEntry entry = Assert.Single(server.Logs.Entries, e => e.EventId == 15);
        Assert.Contains(plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", entry.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScriptedAuthenticator.User, "wrong")]
    [InlineData("nobody", ScriptedAuthenticator.Password)]
    public async Task SCRAM_refuses_an_unknown_user_as_it_refuses_a_wrong_password(string user, string password)
    {
        await using TestServer server = Start(new Directory());
        using SmtpClient client = await ConnectAsync(server);
        AuthenticationException error = await Assert.ThrowsAsync<AuthenticationException>(
            () => client.AuthenticateAsync(new SaslMechanismScramSha256(user, password), Token));
        Assert.Contains("535", error.ToString(), StringComparison.Ordinal);
        LogEntry entry = Assert.Single(server.Logs.Entries, e => e.EventId == 16);
        Assert.Contains("SCRAM-SHA-256", entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SCRAM_shows_an_unknown_user_the_same_over_a_restart_and_what_known_ones_have()
    {
        async Task<string> FirstMessageAsync(string user)
        {
            await using TestServer server = Start(new Directory());
            await using TestClient client = await server.ConnectSocketAsync();
            await client.GreetAsync();
            await client.StartTlsAsync();
            await client.SayAsync("EHLO x.example", "250-");
            string challenge = await client.SayAsync("AUTH SCRAM-SHA-256 " + Base64($"n,,n={user},r=abc"), "334 ");
            string first = Encoding.ASCII.GetString(Convert.FromBase64String(challenge[4..]));
            await client.SayAsync(Final(challenge), "535 5.7.8");
            return first[first.IndexOf(",s=", StringComparison.Ordinal)..];
        }

        string unknown = await FirstMessageAsync("nobody");
        Assert.Equal(unknown, await FirstMessageAsync("nobody"));
        string known = await FirstMessageAsync(ScriptedAuthenticator.User);
        Assert.Equal(known, await FirstMessageAsync(ScriptedAuthenticator.User));
        Assert.Equal(known.Length, unknown.Length);
        Assert.EndsWith(",i=4096", known, StringComparison.Ordinal);
        Assert.EndsWith(",i=4096", unknown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_store_that_fails_is_logged_and_refuses()
    {
        await using TestServer server = Start(new Directory { Failure = new InvalidOperationException("no database") });
        using SmtpClient client = await ConnectAsync(server);
        await Assert.ThrowsAsync<AuthenticationException>(
            () => client.AuthenticateAsync(new SaslMechanismScramSha256(ScriptedAuthenticator.User, ScriptedAuthenticator.Password), Token));
        Assert.Single(server.Logs.Entries, e => e.Error is InvalidOperationException);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task MailKit_brings_a_token(bool bearer, bool valid)
    {
        SaslCredentials? seen = null;
        var authenticator = new ScriptedAuthenticator
        {
            OnAuthenticate = (credentials, _) =>
            {
                seen = credentials;
                return ValueTask.FromResult(credentials.Token == "t0ken" ? AuthenticationResult.Success("alice") : default);
            },
        };
        await using TestServer server = Start(authenticator);
        using SmtpClient client = await ConnectAsync(server);
        string token = valid ? "t0ken" : "stale";
        SaslMechanism mechanism = bearer ? new SaslMechanismOAuthBearer("alice", token) : new SaslMechanismOAuth2("alice", token);
        if (valid)
        {
            await client.AuthenticateAsync(mechanism, Token);
            await SendAsync(client);
            Assert.Equal("alice", Assert.Single(server.Sink.Messages).Identity);
        }
        else
        {
            // The refusal is a challenge that the client has to answer; only then comes the 535 (RFC 7628 §3.2.3).
            await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsync(mechanism, Token));
            Assert.Single(server.Logs.Entries, e => e.EventId == 16);
        }

        Assert.Equal(token, seen!.Token);
        Assert.Equal("alice", bearer ? seen.AuthorizationIdentity : seen.AuthenticationIdentity);
        Assert.All(server.Logs.Entries, e => Assert.DoesNotContain(token, e.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ClientCertificateMode.Request)]
    [InlineData(ClientCertificateMode.None)]
    public async Task EXTERNAL_needs_a_certificate(ClientCertificateMode mode)
    {
        using X509Certificate2 mine = TestCertificates.Create("client.example.com");
        string? name = null;
        SslPolicyErrors errors = SslPolicyErrors.None;
        var authenticator = new Directory
        {
            OnExternal = (session, credentials) =>
            {
                name = session.ClientCertificate!.Subject;
                errors = session.ClientCertificateErrors;
                return credentials.AuthorizationIdentity == "bob" ? AuthenticationResult.Failure : AuthenticationResult.Success("client.example.com");
            },
        };
        await using TestServer server = Start(authenticator, mode);
        await using TestClient stranger = await server.ConnectSocketAsync();
        await stranger.GreetAsync();
        await stranger.StartTlsAsync();
        Assert.DoesNotContain("EXTERNAL", await stranger.SayAsync("EHLO x.example", "250-"), StringComparison.Ordinal);
        await stranger.SayAsync("AUTH EXTERNAL =", "504 5.5.4");

        await using TestClient client = await server.ConnectSocketAsync();
        Assert.DoesNotContain("EXTERNAL", await client.GreetAsync(), StringComparison.Ordinal);
        await client.StartTlsAsync(certificate: mine);
        string ehlo = await client.SayAsync("EHLO x.example", "250-");
        if (mode == ClientCertificateMode.None)
        {
            Assert.DoesNotContain("EXTERNAL", ehlo, StringComparison.Ordinal);
            return;
        }

        Assert.Contains("EXTERNAL", ehlo, StringComparison.Ordinal);
        await client.SayAsync("AUTH EXTERNAL " + Convert.ToBase64String("bob"u8), "535 5.7.8");
        await client.SayAsync("AUTH EXTERNAL", "334 ");
        await client.SayAsync(string.Empty, "235 2.7.0");
        Assert.Equal("CN=client.example.com", name);
        Assert.NotEqual(SslPolicyErrors.None, errors);
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        Assert.Equal("client.example.com", Assert.Single(server.Sink.Messages).Identity);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_demanded_certificate_must_be_there_and_be_trusted(bool selfSigned)
    {
        using X509Certificate2 mine = TestCertificates.Create("client.example.com");
        await using TestServer server = Start(new Directory(), ClientCertificateMode.Require);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();

        // Under TLS 1.3 the client learns it at its first read only.
        Exception? error = await Record.ExceptionAsync(async () =>
        {
            await client.StartTlsAsync(certificate: selfSigned ? mine : null);
            Assert.NotEqual(string.Empty, await client.SayAsync("EHLO x.example"));
        });
        Assert.NotNull(error);
        await server.UntilEmptyAsync();
        Assert.Single(server.Logs.Entries, e => e.EventId == 14);
    }

    [Fact]
    public async Task Plaintext_mechanisms_are_offered_under_TLS_only_and_the_others_as_their_nature_is()
    {
        await using TestServer server = Start(new Directory());
        await using TestClient client = await server.ConnectSocketAsync();
        string ehlo = await client.GreetAsync();
        Assert.Contains("AUTH SCRAM-SHA-256\r\n", ehlo, StringComparison.Ordinal);
        foreach (string mechanism in (string[])["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"])
        {
            await client.SayAsync($"AUTH {mechanism}", "538 5.7.11");
        }

        await client.StartTlsAsync();
        ehlo = await client.SayAsync("EHLO x.example", "250-");
        Assert.Contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN\r\n", ehlo, StringComparison.Ordinal);
    }

    public static TheoryData<string, string[]> Failures => new()
    {
        { "PLAIN", ["AUTH PLAIN " + Base64("\0alice\0wrong")] },
        { "LOGIN", ["AUTH LOGIN", Base64("alice"), Base64("wrong")] },
        { "SCRAM, a user that is not there", ["AUTH SCRAM-SHA-256 " + Base64("n,,n=nobody,r=abc"), "proof"] },
        { "SCRAM", ["AUTH SCRAM-SHA-256 " + Base64("n,,n=alice,r=abc"), "proof"] },
        { "SCRAM, given up", ["AUTH SCRAM-SHA-256 " + Base64("n,,n=alice,r=abc"), "*"] },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_is_answered_later_and_others_need_not_wait(string name, string[] lines)
    {
        Assert.NotEmpty(name);
        await using var server = TestServer.Start(
            authenticator: new Directory(),
            mechanisms: All,
            timeouts: new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.FromSeconds(10) },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        string challenge = string.Empty;
        foreach (string line in lines[..^1])
        {
            challenge = await client.SayAsync(line, "334 ");
        }

        string last = lines[^1] == "proof" ? Final(challenge) : lines[^1];
        await client.SendAsync(last + "\r\n");
        Task<string> reply = client.ReadReplyAsync();

        // The failure is in the log when the delay begins; the clock stands still until then.
        while (!server.Logs.Entries.Any(e => e.EventId == 16))
        {
            await Task.Yield();
        }

        await using TestClient other = await server.ConnectSocketAsync();
        await other.GreetAsync();
        Assert.StartsWith("250 2.0.0", await other.SendMessageAsync(), StringComparison.Ordinal);
        Assert.False(reply.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(9));
        await other.SayAsync("NOOP", "250 ");
        Assert.False(reply.IsCompleted);
        await server.UntilAsync(reply).Guarded();
        Assert.StartsWith(lines[^1] == "*" ? "501 " : "535 5.7.8", await reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_that_the_client_did_not_ask_for_is_no_success_in_the_log_either()
    {
        await using var server = TestServer.Start(
            authenticator: new Directory(), listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SayAsync("AUTH PLAIN " + Base64($"root\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}"), "535 5.7.8");
        Assert.Single(server.Logs.Entries, e => e.EventId == 16);
        Assert.DoesNotContain(server.Logs.Entries, e => e.EventId == 15);
    }

    [Fact]
    public async Task A_success_is_answered_at_once()
    {
        await using var server = TestServer.Start(
            authenticator: new Directory(),
            timeouts: new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.FromSeconds(10) },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SayAsync("AUTH PLAIN " + Base64($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}"), "235 ");
    }

    [Fact]
    public async Task The_last_failure_that_is_allowed_ends_the_session()
    {
        await using var server = TestServer.Start(
            authenticator: new Directory(), mechanisms: All, limits: new SmtpLimits { MaximumAuthenticationFailures = 2 },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SayAsync("AUTH PLAIN " + Base64("\0alice\0wrong"), "535 5.7.8");
        string challenge = await client.SayAsync("AUTH SCRAM-SHA-256 " + Base64("n,,n=alice,r=abc"), "334 ");
        await client.SayAsync(Final(challenge), "421 4.7.0");
        await client.ExpectEndAsync();
    }

    private static string Final(string challenge)
    {
        string first = Encoding.ASCII.GetString(Convert.FromBase64String(challenge[4..]));
        string nonce = first[2..first.IndexOf(',', StringComparison.Ordinal)];
        return Base64($"c=biws,r={nonce},p={Convert.ToBase64String(new byte[32])}");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    private static async Task<SmtpClient> ConnectAsync(TestServer server)
    {
        var client = new SmtpClient
        {
            CheckCertificateRevocation = false,
            ServerCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=mail.example.com",
        };
        await client.ConnectAsync("127.0.0.1", server.EndPoint.Port, SecureSocketOptions.StartTls, Token).Guarded();
        return client;
    }

    private static Task<string> SendAsync(SmtpClient client)
    {
        var message = new MimeMessage
        {
            Subject = "hello",
            Body = new TextPart("plain") { Text = "Text.\r\n" },
        };
        message.From.Add(MailboxAddress.Parse("a@example.com"));
        message.To.Add(MailboxAddress.Parse("b@example.net"));
        return client.SendAsync(message, Token).Guarded();
    }

    private TestServer Start(ISmtpAuthenticator authenticator, ClientCertificateMode mode = ClientCertificateMode.None) => TestServer.Start(
        authenticator: authenticator,
        certificates: new TlsCertificates(_certificate),
        mechanisms: All,
        listeners: new SmtpListenerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = TlsMode.StartTls,
            ClientCertificates = mode,
        });

    /// <summary>Knows passwords, SCRAM secrets and certificates.</summary>
    private sealed class Directory : ISmtpAuthenticator, IScramSecretStore
    {
        private static readonly ScramSecret Secret = ScramSecret.Create(ScriptedAuthenticator.Password, 4096);

        internal Func<SmtpSessionContext, SaslCredentials, AuthenticationResult>? OnExternal { get; init; }

        internal Exception? Failure { get; init; }

        public ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken) =>
            credentials.Mechanism == "EXTERNAL"
                ? ValueTask.FromResult(OnExternal!(session, credentials))
                : new ScriptedAuthenticator().AuthenticateAsync(session, credentials, cancellationToken);

        public ValueTask<ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken) =>
            Failure is not null ? throw Failure : ValueTask.FromResult<ScramSecret?>(
                userName == ScriptedAuthenticator.User ? Secret : ScramSecret.CreateDecoy("a key kept with the secrets"u8, userName, 4096));
    }
}
