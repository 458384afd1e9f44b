using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;
using Smtp.Testing;

namespace Smtp.Packages.Tests;

/// <summary>What a newcomer does once too often, too early or too late.</summary>
public sealed class LifecycleTests
{
    private static readonly CancellationToken Cancelled = new(canceled: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_starts_once_and_stops_as_often_as_it_is_told()
    {
        SmtpServer server = Server(IPAddress.Loopback);
        server.Start();
        Assert.Equal("A server starts once.", Assert.Throws<InvalidOperationException>(server.Start).Message);
        await server.StopAsync(Token);
        await server.StopAsync(Token);
        Assert.Equal("A server starts once.", Assert.Throws<InvalidOperationException>(server.Start).Message);
        await server.DisposeAsync();
        await server.DisposeAsync();

        SmtpServer never = Server(IPAddress.Loopback);
        await never.StopAsync(Token);
        await never.DisposeAsync();
        await never.DisposeAsync();
    }

    [Fact]
    public async Task A_port_in_use_is_named_and_the_server_can_start_when_it_is_free()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        await using SmtpServer server = Server(IPAddress.Loopback, ((IPEndPoint)other.LocalEndPoint!).Port);
        SocketException error = Assert.Throws<SocketException>(server.Start);
        Assert.Contains($"Cannot listen on {other.LocalEndPoint}", error.Message, StringComparison.Ordinal);
        other.Dispose();
        server.Start();
        Assert.True((await Letter.SendAsync(server.EndPoints[0])).IsAccepted);
    }

    [Fact]
    public async Task A_server_and_a_client_do_with_IPv6_alone()
    {
        await using SmtpServer server = Server(IPAddress.IPv6Loopback);
        server.Start();
        await using SmtpClient client = Client("::1", ((IPEndPoint)server.EndPoints[0]).Port);
        Assert.True((await client.SendAsync(Message(), Token)).IsAccepted);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_why_a_message_does_not_go()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(-1));
        using X509Certificate2 expired = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        await using SmtpTestServer server = SmtpTestServer.Start(o =>
        {
            o.Tls = TlsMode.StartTls;
            o.Certificate = expired;
        });
        await using SmtpClient client = Client(server.Host, server.Port, SmtpTlsMode.StartTlsRequired);
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(Message(), Token));
        Assert.Equal((TransportFailure.TlsFailed, SmtpStage.TlsHandshake), (error.Failure, error.Stage));
        Assert.Contains("The server's certificate (CN=localhost, until ", error.Message, StringComparison.Ordinal);
        Assert.Contains("NotTimeValid", error.Message, StringComparison.Ordinal);
        Assert.Equal(DeliveryOutcome.TransientFailure, error.Result!.Recipients[0].Outcome);
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task Without_a_certificate_no_TLS_is_offered()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        await using SmtpClient client = Client(server.Host, server.Port, SmtpTlsMode.StartTlsIfOffered);
        Assert.False((await client.VerifyAsync(Token)).Offers(SmtpExtensions.StartTls));
        Assert.True((await client.SendAsync(Message(), Token)).IsAccepted);
    }

    [Fact]
    public async Task A_closed_client_says_so_and_closes_again()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        SmtpClient client = Client(server.Host, server.Port);
        await client.SendAsync(Message(), Token);
        await client.CloseAsync(Token);
        await client.CloseAsync(Token);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.SendAsync(Message(), Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.VerifyAsync(Token));

        var router = new SmtpClientRouter<int>(port => new SmtpClientOptions { Host = server.Host, Port = port, Tls = SmtpTlsMode.None });
        await router.SendAsync(server.Port, Message(), Token);
        await router.DisposeAsync();
        await router.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await router.SendAsync(server.Port, Message(), Token));

        SmtpConnection connection = await SmtpConnection.ConnectAsync(Options(server.Host, server.Port), Token);
        await connection.QuitAsync(Token);
        Assert.False(connection.IsUsable);
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        await server.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task What_is_cancelled_before_it_begins_does_nothing()
    {
        await using SmtpTestServer server = SmtpTestServer.Start();
        await using SmtpClient client = Client(server.Host, server.Port);
        await using var router = new SmtpClientRouter<int>(port => Options(server.Host, port));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.SendAsync(Message(), Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.VerifyAsync(Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await router.SendAsync(server.Port, Message(), Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await SmtpConnection.ConnectAsync(Options(server.Host, server.Port), Cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.WaitForMessageAsync(cancellationToken: Cancelled));
        Assert.Empty(server.Transcript);

        // And the client goes on.
        Assert.True((await client.SendAsync(Message(), Token)).IsAccepted);
    }

    private static SmtpMessage Message() => new("you@example.com", ["friend@example.net"], System.Text.Encoding.ASCII.GetBytes(Letter.Text));

    private static SmtpServer Server(IPAddress address, int port = 0) => new(new SmtpServerOptions
    {
        Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(address, port) }],
        MessageSink = new KeepingSink(),
    });

    private static SmtpClient Client(string host, int port, SmtpTlsMode tls = SmtpTlsMode.None) => new(Options(host, port, tls));

    private static SmtpClientOptions Options(string host, int port, SmtpTlsMode tls = SmtpTlsMode.None) => new() { Host = host, Port = port, Tls = tls };
}
