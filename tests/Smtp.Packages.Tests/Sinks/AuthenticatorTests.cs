using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Identity;
using Smtp.Client;
using Smtp.Server;

namespace Smtp.Packages.Tests.Sinks;

public sealed class AuthenticatorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Kinds => ["delegate", "list", "hashes", "store"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Right_passwords_are_let_in_and_wrong_ones_and_unknown_users_are_not(string kind)
    {
        string hash = new PasswordHasher<string>().HashPassword("anna", "sécret");
        await using SmtpServer server = Start(kind switch
        {
            "delegate" => new DelegateAuthenticator((user, password, _) => ValueTask.FromResult(user == "anna" && password == "sécret")),
            "list" => new PasswordListAuthenticator([KeyValuePair.Create("anna", "sécret")]),
            "hashes" => new HashedPasswordAuthenticator([KeyValuePair.Create("anna", hash)]),
            _ => new HashedPasswordAuthenticator((user, _) => ValueTask.FromResult(user == "anna" ? hash : null)),
        });
        Assert.True((await Letter.SendAsync(server.EndPoints[0], credentials: new SmtpCredentials("anna", "sécret"))).IsAccepted);
        foreach (SmtpCredentials wrong in (SmtpCredentials[])[new("anna", "secret"), new("bert", "sécret")])
        {
            SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(() => Letter.SendAsync(server.EndPoints[0], credentials: wrong));
            Assert.Equal("535 5.7.8 Authentication credentials invalid", error.Reply.ToString());
        }
    }

    [Fact]
    public void Hashes_are_those_of_Identity_both_ways()
    {
        var identity = new PasswordHasher<string>();
        string ours = PasswordHash.Create("secret", 2000);
        Assert.NotEqual(PasswordVerificationResult.Failed, identity.VerifyHashedPassword("anna", ours, "secret"));
        Assert.Equal(PasswordVerificationResult.Failed, identity.VerifyHashedPassword("anna", ours, "Secret"));
        Assert.True(PasswordHash.Verify(identity.HashPassword("anna", "secret"), "secret"));
        Assert.False(PasswordHash.Verify(identity.HashPassword("anna", "secret"), "other"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("AAAA")]
    [InlineData("AQAAAAIAAYagAAAAEA==")]
    [InlineData("AQAAAAIAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")]
    public void What_is_no_hash_lets_nobody_in(string hash)
    {
        Assert.False(PasswordHash.IsValid(hash));
        Assert.False(PasswordHash.Verify(hash, "secret"));
        Assert.False(PasswordHash.Verify(hash, string.Empty));
        Assert.Throws<ArgumentException>(() => new HashedPasswordAuthenticator([KeyValuePair.Create("anna", hash)]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_certificate_lets_in_who_it_stands_for(bool isKnown)
    {
        using X509Certificate2 serverCertificate = Interop.TestCertificate.Create("localhost");
        using X509Certificate2 clientCertificate = Interop.TestCertificate.Create("anna");
        using X509Certificate2 otherCertificate = Interop.TestCertificate.Create("bert");
        string hash = clientCertificate.GetCertHashString(HashAlgorithmName.SHA256);
        var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners =
            [
                new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Tls = TlsMode.Implicit, ClientCertificates = ClientCertificateMode.Request },
            ],
            MessageSink = new KeepingSink(),
            Certificates = new TlsCertificates(serverCertificate),
            Authenticator = new ClientCertificateAuthenticator([KeyValuePair.Create(hash, "anna")]),
            AuthenticationMechanisms = ["EXTERNAL"],
            Timeouts = new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.Zero },
        });
        await using (server)
        {
            server.Start();
            using var client = new TcpClient();
            await client.ConnectAsync((IPEndPoint)server.EndPoints[0], Token);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
                    ClientCertificates = [isKnown ? clientCertificate : otherCertificate],
                },
                Token);
            using var reader = new StreamReader(tls);
            await reader.ReadLineAsync(Token);
            await tls.WriteAsync("EHLO client.example.com\r\n"u8.ToArray(), Token);
            string? line;
            while ((line = await reader.ReadLineAsync(Token))!.StartsWith("250-", StringComparison.Ordinal))
            {
            }

            await tls.WriteAsync("AUTH EXTERNAL =\r\n"u8.ToArray(), Token);
            Assert.StartsWith(isKnown ? "235 " : "535 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        }
    }

    private static SmtpServer Start(ISmtpAuthenticator authenticator)
    {
        var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners =
            [
                new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), RequireAuthentication = true, AllowPlaintextAuthentication = true },
            ],
            MessageSink = new KeepingSink(),
            Authenticator = authenticator,
            Timeouts = new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.Zero },
        });
        server.Start();
        return server;
    }
}
