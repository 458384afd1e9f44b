using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using MimeKit;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Packages.Tests.Documentation;

/// <summary>
/// What a block of a README needs around it to run on this machine alone: the server that it sends to, files, a host builder; and the changes to its text
/// that lead it there. Nothing else of a block is changed.
/// </summary>
/// <remarks>Public as the compiled blocks see it, one at a time.</remarks>
public sealed partial class ReadmeWorld : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("readme");
    private readonly SmtpServer _next;

    private ReadmeWorld()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(PathOf("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf("key.pem"), key.ExportRSAPrivateKeyPem());
        _next = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Tls = TlsMode.StartTls }],
            Certificates = new PemCertificateFile(PathOf("cert.pem"), PathOf("key.pem")),
            Authenticator = new Authenticator(),
            AuthenticationMechanisms = ["PLAIN", "OAUTHBEARER"],
            MessageSink = new BufferedMessageSink((_, _, content, _) =>
            {
                lock (Received)
                {
                    Received.Add(Encoding.UTF8.GetString(content.Span));
                }

                return new(Replies.MessageAccepted);
            }),
        });
        _next.Start();
        Arguments = [$"--Kestrel:Certificates:Default:Path={PathOf("cert.pem")}", $"--Kestrel:Certificates:Default:KeyPath={PathOf("key.pem")}"];
        Builder = Host.CreateApplicationBuilder();
        Builder.Configuration["BillingPassword"] = "secret";
    }

    /// <summary>The one of the block that runs.</summary>
    public static ReadmeWorld? Current { get; private set; }

    /// <summary>The port of the server that clients send to.</summary>
    public int Port => ((IPEndPoint)_next.EndPoints[0]).Port;

    /// <summary>What that server got.</summary>
    public IList<string> Received { get; } = [];

    /// <summary>What blocks without one of their own call the builder.</summary>
    public HostApplicationBuilder Builder { get; }

    /// <summary>A program's arguments.</summary>
    public string[] Arguments { get; }

    /// <summary>A message with sender and recipient, in the place of an empty one.</summary>
    public static MimeMessage Letter() => new(
        [new MailboxAddress("", "you@example.com")], [new MailboxAddress("", "friend@example.net")], "Hello", new TextPart { Text = "Hello." });

    public static SmtpMessage Message() => new("you@example.com", ["friend@example.net"], Encoding.ASCII.GetBytes(Tests.Letter.Text));

    /// <summary>In the place of running until Ctrl-C.</summary>
    public static async Task StartAndStopAsync(IHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        using (host)
        {
            await host.StartAsync(CancellationToken.None);
            await host.StopAsync(CancellationToken.None);
        }
    }

    internal static ReadmeWorld Create() => Current = new ReadmeWorld();

    /// <summary>The block's text as it can run here.</summary>
    internal string Rewrite(string code)
    {
        // 1. Ports and files of this machine.
        code = EndPoint().Replace(code, "127.0.0.1:0");
        code = CertificateFile().Replace(code, _ => $"\"{PathOf("cert.pem")}\"");
        code = KeyFile().Replace(code, _ => $"\"{PathOf("key.pem")}\"");
        code = MailFolder().Replace(code, _ => $"MaildirMessageSink(\"{PathOf("mail")}\"");
        code = code.Replace("o.Listen(25)", "o.Listen(System.Net.IPEndPoint.Parse(\"127.0.0.1:0\"))", StringComparison.Ordinal);
        code = KestrelEndPoint().Replace(code, "kestrel.Listen(IPAddress.Loopback, 0");
        code = code.Replace(".Port(2525)", ".Port(0)", StringComparison.Ordinal);

        // 2. The server to send to, whose certificate nobody has signed.
        code = HostOption().Replace(code, "${o}Host = \"127.0.0.1\"${end}${o}CertificateValidation = (_, _, _, _) => true${end}");
        code = PortOption().Replace(code, $"Port = {Port}${{end}}");
        code = code.Replace("(\"mx.example.net\", 25)", $"(\"127.0.0.1\", {Port})", StringComparison.Ordinal);
        code = code.Replace("Tls = SmtpTlsMode.StartTlsIfOffered", "Tls = SmtpTlsMode.StartTlsIfOffered, CertificateValidation = (_, _, _, _) => true", StringComparison.Ordinal);
        code = code.Replace("ConnectAsync(\"smtp.example.com\", 587", $"ConnectAsync(\"127.0.0.1\", {Port}", StringComparison.Ordinal);
        code = code.Replace("new SmtpClient()", "new SmtpClient { ServerCertificateValidationCallback = (_, _, _, _) => true }", StringComparison.Ordinal);
        code = code.Replace("new MimeMessage()", "Smtp.Packages.Tests.Documentation.ReadmeWorld.Letter()", StringComparison.Ordinal);

        // 3. Programs that run until somebody stops them.
        code = code.Replace("await builder.Build().RunAsync();", "await Smtp.Packages.Tests.Documentation.ReadmeWorld.StartAndStopAsync(builder.Build());", StringComparison.Ordinal);
        code = code.Replace("await Task.Delay(Timeout.Infinite);", string.Empty, StringComparison.Ordinal);
        return code.Replace("Console.ReadLine();", string.Empty, StringComparison.Ordinal);
    }

    /// <summary>The same for a block of configuration, which <see cref="Builder"/> then has.</summary>
    internal void AddConfiguration(string json)
    {
        json = json.Replace("\"*:", "\"127.0.0.1:", StringComparison.Ordinal).Replace("AQAAAAIAAYagAAAAE...", PasswordHash.Create("secret"), StringComparison.Ordinal);
        json = EndPoint().Replace(json, "127.0.0.1:0");
        json = CertificateFile().Replace(json, _ => $"\"{PathOf("cert.pem")}\"");
        json = KeyFile().Replace(json, _ => $"\"{PathOf("key.pem")}\"");
        Builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)));
    }

    public async ValueTask DisposeAsync()
    {
        Current = null;
        await _next.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    [GeneratedRegex(@"(0\.0\.0\.0|127\.0\.0\.1):\d+")]
    private static partial Regex EndPoint();

    [GeneratedRegex(@"""/etc/ssl/(mail\.pem|mail/fullchain\.pem)""")]
    private static partial Regex CertificateFile();

    [GeneratedRegex(@"""(/etc/ssl/(mail\.key|mail/privkey\.pem)|dkim\.pem)""")]
    private static partial Regex KeyFile();

    [GeneratedRegex(@"MaildirMessageSink\(""[^""]+""")]
    private static partial Regex MailFolder();

    [GeneratedRegex(@"kestrel\.Listen\(IPAddress\.Any, \d+")]
    private static partial Regex KestrelEndPoint();

    [GeneratedRegex(@"(?<o>\bo\.)?\bHost = ""(smtp|mx)\.example\.com""(?<end>[,;])")]
    private static partial Regex HostOption();

    [GeneratedRegex(@"Port = 587(?<end>[,;])")]
    private static partial Regex PortOption();

    /// <summary>Knows the names, passwords and the token that the blocks use.</summary>
    private sealed class Authenticator : ISmtpAuthenticator
    {
        public ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken) =>
            new(credentials switch
            {
                { Token: "ya29.an-access-token" } => AuthenticationResult.Success(credentials.AuthorizationIdentity),
                { AuthenticationIdentity: "user", Password: "password" } or { AuthenticationIdentity: "billing", Password: "secret" } =>
                    AuthenticationResult.Success(credentials.AuthenticationIdentity),
                _ => AuthenticationResult.Failure,
            });
    }
}
