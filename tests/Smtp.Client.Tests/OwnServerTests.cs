using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Smtp.Interop;
using Smtp.Server;

namespace Smtp.Client.Tests;

/// <summary>Client and server of this engine, over real sockets.</summary>
[Trait("Category", "Interop")]
public sealed class OwnServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SCRAM-SHA-256-PLUS")]
    [InlineData("SCRAM-SHA-256")]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    [InlineData("OAUTHBEARER")]
    [InlineData("XOAUTH2")]
    public async Task Every_mechanism_lets_in_who_has_the_secret_and_nobody_else(string mechanism)
    {
        using X509Certificate2 certificate = TestCertificate.Create("mail.example.com");
        await using var server = new Running(certificate);
        foreach (bool good in (bool[])[true, false])
        {
            SmtpCredentials credentials = mechanism.Contains("OAUTH", StringComparison.Ordinal)
                ? SmtpCredentials.ForToken("user", (_, _) => new ValueTask<SmtpAccessToken>(new SmtpAccessToken(good ? "good" : "bad")))
                : new SmtpCredentials("user", good ? "pencil" : "eraser");
            SmtpConnectionOptions options = server.Options(credentials, [mechanism]);
            if (!good)
            {
                SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(async () => await SmtpConnection.ConnectAsync(options, Token));
                Assert.Equal((SmtpStage.Authenticate, 535), (error.Stage, error.Reply.Code));
                continue;
            }

            await using SmtpConnection connection = await SmtpConnection.ConnectAsync(options, Token);
            Assert.True(connection.IsAuthenticated);
            Assert.True((await connection.SendAsync(new SmtpMessage("a@c.test", ["b@d.test"], "x\r\n"u8.ToArray()), Token)).IsAccepted);
        }

        Assert.Equal(["user x\r\n"], server.Messages);
    }

    [Fact]
    public async Task The_strongest_is_SCRAM_with_the_channel_bound()
    {
        using X509Certificate2 certificate = TestCertificate.Create("mail.example.com");
        await using var server = new Running(certificate);
        var log = new ListLogger();
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            server.Options(new SmtpCredentials("user", "pencil"), null, log), Token);
        Assert.Contains(log.Lines, line => line.StartsWith("C: AUTH SCRAM-SHA-256-PLUS ***", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LMTP_has_a_verdict_for_each_recipient()
    {
        await using var server = new Running(null, lmtp: true);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(server.Options(null, null), Token);
        SendResult result = await connection.SendAsync(
            new SmtpMessage("a@c.test", ["good@d.test", "full@d.test", "good2@d.test"], "x\r\n"u8.ToArray()), Token);
        Assert.Equal(["Accepted 250", "TransientFailure 452", "Accepted 250"], result.Recipients.Select(r => $"{r.Outcome} {r.Reply.Code}"));
        Assert.True(connection.IsUsable);
    }

    [Property(MaxTest = 60)]
    public Property Whatever_is_sent_one_behind_the_other_by_DATA_or_BDAT_arrives_as_its_lines()
    {
        Gen<string> piece = Gen.Frequency(
            (4, Gen.Elements("\r\n", "\r\n", ".", "..", "x", "text", "\r\n.\r\n", "\u00fc", "\0")),
            (1, Gen.Elements("\r", "\n", "\n.\n")),
            (1, Gen.Choose(1, 9000).Select(n => new string('y', n))));
        Arbitrary<(string[] Contents, int Kind, bool Chunking)> arbitrary =
            (from contents in piece.ListOf().Select(string.Concat).ArrayOf()
             from kind in Gen.Choose(0, 2)
             from chunking in Gen.Elements(true, false)
             select (contents, kind, chunking)).ToArbitrary();
        return Prop.ForAll(arbitrary, input => SendAndCompareAsync(input.Contents, input.Kind, input.Chunking).GetAwaiter().GetResult());
    }

    private static async Task SendAndCompareAsync(string[] contents, int kind, bool chunking)
    {
        await using var server = new Running(null);
        SmtpMessage[] messages = [.. contents.Select((text, i) =>
        {
            byte[] octets = Encoding.Latin1.GetBytes(text);
            return new SmtpMessage("a@c.test", ["b@d.test"], ((kind + i) % 3) switch
            {
                0 => octets,
                1 => MessageContent.FromStream(new MemoryStream(octets)),
                _ => MessageContent.FromWriter(async (writer, token) => await writer.WriteAsync(octets, token)),
            });
        })];
        SendResult[] results = [.. contents.Select(_ => new SendResult())];
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(server.Options(null, null, useChunking: chunking));
        await connection.SendAllAsync(messages, results);
        Assert.All(results, result => Assert.True(result.IsAccepted));
        Assert.Equal(contents.Select(text => " " + Lines(text)), server.Messages);
    }

    /// <summary>Slow and obvious: every CR, LF or CRLF ends a line, and so does the content's end.</summary>
    private static string Lines(string content)
    {
        string lines = content.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\n", "\r\n", StringComparison.Ordinal);
        return lines.Length == 0 || lines.EndsWith("\r\n", StringComparison.Ordinal) ? lines : lines + "\r\n";
    }

    /// <summary>A server with one user that keeps what comes.</summary>
    internal sealed class Running : IAsyncDisposable
    {
        private readonly SmtpServer _server;
        private readonly X509Certificate2? _certificate;
        private readonly bool _lmtp;

        internal Running(X509Certificate2? certificate, bool lmtp = false)
        {
            _certificate = certificate;
            _lmtp = lmtp;
            _server = new SmtpServer(new SmtpServerOptions
            {
                HostName = "mail.example.com",
                Listeners =
                [
                    new SmtpListenerOptions
                    {
                        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                        Tls = certificate is null ? Server.TlsMode.None : Server.TlsMode.StartTls,
                        Lmtp = lmtp,
                    },
                ],
                Certificates = certificate is null ? null : new TlsCertificates(certificate),
                Authenticator = certificate is null ? null : new OneUser(),
                AuthenticationMechanisms = certificate is null
                    ? null
                    : ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"],
                NulOctets = ContentPolicy.Accept,
                Timeouts = new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.Zero },
                MessageSink = new Sink(this),
            });
            _server.Start();
        }

        /// <summary>Who sent a message, and what it is.</summary>
        internal List<string> Messages { get; } = [];

        public ValueTask DisposeAsync() => _server.DisposeAsync();

        internal SmtpConnectionOptions Options(
            SmtpCredentials? credentials, IReadOnlyList<string>? mechanisms, ListLogger? log = null, bool useChunking = true) => new()
            {
                Host = "127.0.0.1",
                Port = ((IPEndPoint)_server.EndPoints[0]).Port,
                Lmtp = _lmtp,
                Tls = _certificate is null ? SmtpTlsMode.None : SmtpTlsMode.StartTlsRequired,
                CertificateValidation = (_, certificate, _, _) => certificate?.GetCertHashString() == _certificate?.GetCertHashString(),
                Credentials = credentials,
                AuthenticationMechanisms = mechanisms,
                UseChunking = useChunking,
                LoggerFactory = log ?? (Microsoft.Extensions.Logging.ILoggerFactory)Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            };

        private sealed class Sink(Running owner) : IMessageSink
        {
            public SmtpExtensions SupportedExtensions => SmtpExtensions.None;

            public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
                ValueTask.FromResult(MessageOpening.Accept(new Writer(owner, session, envelope)));
        }

        private sealed class Writer(Running owner, SmtpSessionContext session, Envelope envelope) : ILmtpMessageWriter
        {
            private readonly List<byte> _content = [];

            public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
            {
                _content.AddRange(chunk.Span);
                return default;
            }

            public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
            {
                lock (owner.Messages)
                {
                    owner.Messages.Add($"{session.Identity} {Encoding.Latin1.GetString([.. _content])}");
                }

                return ValueTask.FromResult(Replies.MessageAccepted);
            }

            public ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
            {
                for (int i = 0; i < envelope.RecipientCount; i++)
                {
                    replies.Span[i] = envelope[i].ForwardPath.ToString().StartsWith("full", StringComparison.Ordinal)
                        ? SmtpReply.Create(452, new EnhancedStatus(4, 2, 2), "Over quota")
                        : Replies.MessageAccepted;
                }

                return default;
            }

            public ValueTask AbortAsync() => default;
        }

        private sealed class OneUser : ISmtpAuthenticator, IScramSecretStore
        {
            private static readonly ScramSecret Pencil = ScramSecret.Create("pencil");

            public ValueTask<AuthenticationResult> AuthenticateAsync(
                SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken) =>
                ValueTask.FromResult(credentials.Password == "pencil" || credentials.Token == "good"
                    ? AuthenticationResult.Success("user")
                    : AuthenticationResult.Failure);

            public ValueTask<ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken) =>
                ValueTask.FromResult(userName == "user" ? Pencil : null);
        }
    }
}
