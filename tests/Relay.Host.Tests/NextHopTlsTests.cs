using System.Net;
using System.Security.Cryptography.X509Certificates;
using Relay.Policy;
using Relay.Spool;
using Smtp.Core;
using Smtp.Interop;
using Smtp.Server;

namespace Relay.Host.Tests;

/// <summary>A next hop that wants TLS and a password, as smart hosts do. Its certificate is for hop.test and 127.0.0.1.</summary>
public sealed class NextHopTlsTests : IDisposable
{
    private static readonly byte[] Content = "Subject: x\r\n\r\nHello\r\n"u8.ToArray();

    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _certificate = TestCertificate.Create("hop.test");
    private readonly StreamMessageSink _sink;
    private readonly List<string> _identities = [];

    public NextHopTlsTests()
    {
        TestCertificate.WritePem(_certificate, _folder["hop.pem"], _folder["hop-key.pem"]);
        _sink = new StreamMessageSink((session, _, _, _) =>
        {
            _identities.Add($"{session.IsTls} {session.Identity}");
            return Task.FromResult(Replies.MessageAccepted);
        });
    }

    [Theory]
    [InlineData(TlsMode.StartTls, "StartTls")]
    [InlineData(TlsMode.StartTls, "IfOffered")]
    [InlineData(TlsMode.Implicit, "Implicit")]
    public async Task A_trusted_next_hop_is_authenticated_to_under_TLS(TlsMode offered, string mode)
    {
        Assert.Equal("Delivered", await RelayAsync(offered, $"--Relay:NextHopTls={mode}", "--Relay:NextHopUser=relay", "--Relay:NextHopPassword=secret", Ca("hop.pem")));
        Assert.Equal(["True relay"], _identities);
    }

    [Fact]
    public async Task A_wrong_password_is_the_relays_trouble_and_keeps_the_message()
    {
        Assert.Equal("Queued", await RelayAsync(
            TlsMode.StartTls, "--Relay:NextHopTls=StartTls", "--Relay:NextHopUser=relay", "--Relay:NextHopPassword=wrong", Ca("hop.pem")));
        Assert.Empty(_identities);
    }

    [Fact]
    public async Task A_next_hop_that_wants_a_password_where_none_is_configured_is_the_relays_trouble_too() =>
        Assert.Equal("Queued", await RelayAsync(TlsMode.StartTls, "--Relay:NextHopTls=StartTls", Ca("hop.pem")));

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_gets_no_mail()
    {
        Assert.Equal("Queued", await RelayAsync(TlsMode.StartTls, "--Relay:NextHopTls=StartTls"));

        using X509Certificate2 other = TestCertificate.Create("hop.test");
        TestCertificate.WritePem(other, _folder["other.pem"], _folder["other-key.pem"]);
        Assert.Equal("Queued", await RelayAsync(TlsMode.StartTls, "--Relay:NextHopTls=StartTls", Ca("other.pem")));
        Assert.Empty(_identities);
    }

    [Fact]
    public async Task A_next_hop_without_STARTTLS_gets_no_mail_where_it_is_required() =>
        Assert.Equal("Queued", await RelayAsync(TlsMode.None, "--Relay:NextHopTls=StartTls"));

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Dispose();
    }

    private string Ca(string file) => $"--Relay:NextHopCaPath={_folder[file]}";

    /// <summary>Relays one message, and returns what became of it at the first attempt.</summary>
    private async Task<string> RelayAsync(TlsMode offered, params string[] args)
    {
        await using var hop = new SmtpServer(new SmtpServerOptions
        {
            Listeners =
            [
                new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Tls = offered, RequireAuthentication = offered != TlsMode.None },
            ],
            MessageSink = _sink,
            Authenticator = new ConfiguredUsers([new("relay", "secret")]),
            Certificates = new TlsCertificates(_certificate),
        });
        hop.Start();
        await using var relay = RunningRelay.Start([$"--Relay:NextHop={hop.EndPoints[0]}", .. args]);
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));
        StoredRecipient recipient = Assert.Single(await relay.UntilAsync(id, r => r.Attempts == 1));
        return recipient.State.ToString();
    }
}
