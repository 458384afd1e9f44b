using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Smtp.Client;
using Smtp.Server;

namespace Smtp.Packages.Tests.AspNetCore;

public sealed class KestrelTests : IDisposable
{
    private readonly X509Certificate2 _certificate = Interop.TestCertificate.Create("mail.example.com");
    private readonly KeepingSink _sink = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _certificate.Dispose();

    [Fact]
    public async Task Http_and_smtp_are_served_by_one_process()
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp(), withHttp: true);
        Assert.True((await Letter.SendAsync(SmtpOf(app))).IsAccepted);
        Assert.Equal(Letter.Text, Assert.Single(_sink.Messages));
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)Assert.Single(_sink.Sessions).Remote!).Address);
        using var http = new HttpClient();
        Assert.Equal("1", await http.GetStringAsync(Addresses(app)[1] + "/count", Token));
    }

    [Theory]
    [InlineData(TlsMode.StartTls, SmtpTlsMode.StartTlsRequired)]
    [InlineData(TlsMode.Implicit, SmtpTlsMode.Implicit)]
    public async Task Tls_is_Kestrels_with_STARTTLS_too(TlsMode mode, SmtpTlsMode client)
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp(
            smtp =>
            {
                smtp.Tls = mode;
                smtp.RequireTls = true;
                smtp.RequireAuthentication = true;
            },
            https => https.ServerCertificate = _certificate));
        Assert.True((await Letter.SendAsync(SmtpOf(app), client, new SmtpCredentials("anna", "secret"))).IsAccepted);
        KeepingSink.SessionFacts session = Assert.Single(_sink.Sessions);
        Assert.True(session.IsTls);
        Assert.StartsWith("TLS_", session.CipherSuite, StringComparison.Ordinal);
        Assert.Equal("anna", session.Identity);
    }

    [Theory]
    [InlineData(TlsMode.StartTls)]
    [InlineData(TlsMode.Implicit)]
    public async Task MailKit_sends_many_over_Kestrels_tls(TlsMode mode)
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp(smtp => smtp.Tls = mode, https => https.ServerCertificate = _certificate));
        using var client = new MailKit.Net.Smtp.SmtpClient { ServerCertificateValidationCallback = (_, _, _, _) => true };
        await client.ConnectAsync(
            "127.0.0.1",
            SmtpOf(app).Port,
            mode == TlsMode.StartTls ? MailKit.Security.SecureSocketOptions.StartTls : MailKit.Security.SecureSocketOptions.SslOnConnect,
            Token);

        // Bound to Kestrel's certificate.
        Assert.Contains("SCRAM-SHA-256-PLUS", client.AuthenticationMechanisms);
        for (int i = 0; i < 20; i++)
        {
            var message = new global::MimeKit.MimeMessage(
                [new global::MimeKit.MailboxAddress("you", "you@example.com")],
                [new global::MimeKit.MailboxAddress("friend", "friend@example.net")],
                $"Number {i}",
                new global::MimeKit.TextPart("plain") { Text = new string('x', i * 10_000) });
            await client.SendAsync(message, Token);
        }

        await client.DisconnectAsync(true, Token);
        Assert.Equal(20, _sink.Messages.Count);
    }

    [Theory]
    [InlineData("http/1.1", false)]
    [InlineData("h2", false)]
    [InlineData("smtp", true)]
    [InlineData(null, true)]
    public async Task A_client_that_offers_protocols_must_offer_this_one(string? protocol, bool isTaken)
    {
        bool asked = false;
        await using WebApplication app = await StartAsync(o => o.UseSmtp(
            smtp => smtp.Tls = TlsMode.Implicit,
            https =>
            {
                https.ServerCertificate = _certificate;
                https.OnAuthenticate = (_, tls) => asked = !tls.AllowRenegotiation;
            }));
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(SmtpOf(app), Token);
        await using var tls = new System.Net.Security.SslStream(client.GetStream());
        var options = new System.Net.Security.SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
            ApplicationProtocols = protocol is null ? null : [new System.Net.Security.SslApplicationProtocol(protocol)],
        };
        Exception? error = await Record.ExceptionAsync(() => tls.AuthenticateAsClientAsync(options, Token));
        Assert.Equal(isTaken, error is null);
        Assert.True(asked);
        if (isTaken)
        {
            using var reader = new StreamReader(tls);
            Assert.StartsWith("220 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Plaintext_behind_STARTTLS_is_never_executed()
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp(smtp => smtp.Tls = TlsMode.StartTls, https => https.ServerCertificate = _certificate));
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(SmtpOf(app), Token);
        System.Net.Sockets.NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream, leaveOpen: true);
        await reader.ReadLineAsync(Token);
        await stream.WriteAsync("EHLO a.example.com\r\n"u8.ToArray(), Token);
        while ((await reader.ReadLineAsync(Token))!.StartsWith("250-", StringComparison.Ordinal))
        {
        }

        await stream.WriteAsync("STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n"u8.ToArray(), Token);
        Assert.StartsWith("220 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        using var tls = new System.Net.Security.SslStream(stream);
        await tls.AuthenticateAsClientAsync(
            new System.Net.Security.SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, _, _, _) => true }, Token);
        await tls.WriteAsync("RCPT TO:<b@example.net>\r\n"u8.ToArray(), Token);
        using var secured = new StreamReader(tls);
        Assert.StartsWith("503 ", await secured.ReadLineAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_handshake_ends_the_connection_and_nothing_else()
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp(smtp => smtp.Tls = TlsMode.StartTls, https => https.ServerCertificate = _certificate));
        using (var client = new System.Net.Sockets.TcpClient())
        {
            await client.ConnectAsync(SmtpOf(app), Token);
            using var reader = new StreamReader(client.GetStream());
            await reader.ReadLineAsync(Token);
            await client.GetStream().WriteAsync("EHLO a.example.com\r\n"u8.ToArray(), Token);
            while ((await reader.ReadLineAsync(Token))!.StartsWith("250-", StringComparison.Ordinal))
            {
            }

            await client.GetStream().WriteAsync("STARTTLS\r\n"u8.ToArray(), Token);
            Assert.StartsWith("220 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
            byte[] garbage = new byte[64];
            garbage.AsSpan().Fill(0x80);
            await client.GetStream().WriteAsync(garbage, Token);
            byte[] rest = new byte[100];
            try
            {
                while (await client.GetStream().ReadAsync(rest, Token) > 0)
                {
                }
            }
            catch (IOException)
            {
            }
        }

        Assert.True((await Letter.SendAsync(SmtpOf(app), SmtpTlsMode.StartTlsRequired)).IsAccepted);
    }

    [Fact]
    public async Task Kestrels_limit_of_connections_holds()
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp(), kestrel => kestrel.Limits.MaxConcurrentConnections = 1);
        using var first = new System.Net.Sockets.TcpClient();
        await first.ConnectAsync(SmtpOf(app), Token);
        using var reader = new StreamReader(first.GetStream());
        Assert.StartsWith("220 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        await Assert.ThrowsAsync<SmtpTransportException>(() => Letter.SendAsync(SmtpOf(app)));
    }

    [Fact]
    public async Task A_stopping_app_says_421_to_idle_clients()
    {
        await using WebApplication app = await StartAsync(o => o.UseSmtp());
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(SmtpOf(app), Token);
        using var reader = new StreamReader(client.GetStream());
        await reader.ReadLineAsync(Token);
        Task stop = app.StopAsync(Token);
        Assert.StartsWith("421 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        await stop;
    }

    [Fact]
    public async Task Kestrels_connection_logging_sees_the_dialogue()
    {
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using WebApplication app = await StartAsync(
            o =>
            {
                o.UseConnectionLogging();
                o.UseSmtp();
            },
            logging: logging => logging.AddProvider(new QueueLoggerProvider(lines)).SetMinimumLevel(LogLevel.Debug));
        await Letter.SendAsync(SmtpOf(app));
        Assert.Contains(lines, line => line.Contains("WriteAsync", StringComparison.Ordinal) || line.Contains("Write", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_endpoint_wants_and_the_server_lacks_fails_the_start()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSmtpServer().UseSink(_sink);
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, o => o.UseSmtp(smtp => smtp.RequireAuthentication = true)));
        await using WebApplication app = builder.Build();
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => app.StartAsync(Token));
        Assert.Contains("RequireAuthentication, so that Authenticator must be set", error.Message, StringComparison.Ordinal);
    }

    private static string[] Addresses(WebApplication app) =>
        [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    private static IPEndPoint SmtpOf(WebApplication app) => new(IPAddress.Loopback, new Uri(Addresses(app)[0]).Port);

    private async Task<WebApplication> StartAsync(
        Action<ListenOptions> listen, Action<KestrelServerOptions>? kestrel = null, Action<ILoggingBuilder>? logging = null, bool withHttp = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        logging?.Invoke(builder.Logging);
        builder.Services.AddSmtpServer().UseSink(_sink).UseAuthenticator(new ScramUsers());
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k =>
        {
            kestrel?.Invoke(k);
            k.Listen(IPAddress.Loopback, 0, listen);
            if (withHttp)
            {
                k.Listen(IPAddress.Loopback, 0);
            }
        });
        WebApplication app = builder.Build();
        app.MapGet("/count", () => _sink.Messages.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await app.StartAsync(Token);
        return app;
    }

    private sealed class ScramUsers : ISmtpAuthenticator, IScramSecretStore
    {
        private readonly Smtp.Core.ScramSecret _secret = Smtp.Core.ScramSecret.Create("secret", 4096);
        private readonly PasswordListAuthenticator _list = new([KeyValuePair.Create("anna", "secret")]);

        public ValueTask<AuthenticationResult> AuthenticateAsync(
            SmtpSessionContext session, Smtp.Core.SaslCredentials credentials, CancellationToken cancellationToken) =>
            credentials.Mechanism.StartsWith("SCRAM", StringComparison.Ordinal)
                ? ValueTask.FromResult(AuthenticationResult.Success(credentials.AuthenticationIdentity))
                : _list.AuthenticateAsync(session, credentials, cancellationToken);

        public ValueTask<Smtp.Core.ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken) =>
            ValueTask.FromResult(userName == "anna" ? _secret : null);
    }

    private sealed class QueueLoggerProvider(System.Collections.Concurrent.ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception));
    }
}
