using System.Net;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>A server for real programs: one port with STARTTLS, one with implicit TLS, or what listeners a test asks for; one user.</summary>
internal sealed class InteropServer : IAsyncDisposable
{
    private readonly TestServer _server;
    private readonly X509Certificate2 _certificate;

    private InteropServer(TestServer server, X509Certificate2 certificate)
    {
        _server = server;
        _certificate = certificate;
    }

    internal int Port => ((IPEndPoint)_server.Server.EndPoints[0]).Port;

    internal int TlsPort => ((IPEndPoint)_server.Server.EndPoints[1]).Port;

    internal RecordingSink Sink => _server.Sink;

    internal LogCollector Logs => _server.Logs;

    internal static InteropServer Start(
        IEnvelopePolicy? policy = null,
        IMessageSink? messages = null,
        ISmtpAuthenticator? authenticator = null,
        IReadOnlyList<string>? mechanisms = null,
        params IReadOnlyList<SmtpListenerOptions> listeners)
    {
        X509Certificate2 certificate = TestCertificate.Create("mail.example.com");
        TestServer server = TestServer.Start(
            new RecordingSink { SupportedExtensions = SmtpExtensions.SmtpUtf8 | SmtpExtensions.BinaryMime | SmtpExtensions.Dsn },
            policy,
            authenticator: authenticator ?? new ScriptedAuthenticator(),
            mechanisms: mechanisms,
            certificates: new TlsCertificates(certificate),
            systemTime: true,
            messages: messages,
            listeners: listeners.Count > 0 ? listeners : [TestServer.Listener(TlsMode.StartTls), TestServer.Listener(TlsMode.Implicit)]);
        return new InteropServer(server, certificate);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificate.Dispose();
    }

    /// <summary>Asserts that exactly one message came, whole, and what it was.</summary>
    internal RecordedMessage AssertOne(byte[] content, bool isTls = false, string? identity = null)
    {
        RecordedMessage message = Assert.Single(Sink.Messages);
        message.AssertEnded(committed: true);
        Assert.Equal(isTls, message.IsTls);
        Assert.Equal(identity, message.Identity);
        Assert.Equal(content.Length, message.Length);
        Assert.True(content.AsSpan().SequenceEqual(message.Content), "What arrived is not what was sent.");
        return message;
    }
}
