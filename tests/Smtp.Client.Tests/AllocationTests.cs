using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>What a send allocates in steady state, over a real socket.</summary>
[Collection(nameof(AloneCollection))]
public sealed class AllocationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_in_memory_allocates_nothing()
    {
        using Socket listener = SteadySending.Listen(stream => stream);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndPoint!).Port, Tls = SmtpTlsMode.None }, Token);
        Assert.Equal(0, await SteadySending.LeastAsync((message, result) => connection.SendAsync(message, result, Token)));
        connection.Abort();
    }

    [Fact]
    public async Task A_message_through_the_pool_allocates_nothing()
    {
        using Socket listener = SteadySending.Listen(stream => stream);
        await using SmtpClient client = Pool(listener);
        Assert.Equal(0, await SteadySending.LeastAsync((message, result) => client.SendAsync(message, result, Token)));
    }

    /// <summary>Three senders over one connection: somebody always waits, and envelopes go out behind bodies.</summary>
    [Fact]
    public async Task Messages_that_wait_for_a_connection_of_the_pool_allocate_nothing()
    {
        using Socket listener = SteadySending.Listen(stream => stream);
        await using SmtpClient client = Pool(listener);
        Assert.Equal(0, await SteadySending.LeastAsync(client, 3, Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_message_through_the_pool_under_TLS_allocates_nothing(int senders)
    {
        using X509Certificate2 certificate = TestCertificate.Create("mail.example.com");
        using Socket listener = SteadySending.Listen(stream =>
        {
            var secure = new SslStream(stream);
            secure.AuthenticateAsServer(certificate);
            return secure;
        });
        await using SmtpClient client = Pool(listener, SmtpTlsMode.Implicit);
        Assert.Equal(0, await SteadySending.LeastAsync(client, senders, Token));
    }

    private static SmtpClient Pool(Socket listener, SmtpTlsMode tls = SmtpTlsMode.None) => new(new SmtpClientOptions
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port,
        Tls = tls,
        CertificateValidation = (_, shown, _, _) => shown?.Subject == "CN=mail.example.com",
        MaximumConnections = 1,
        MaximumMessagesPerConnection = int.MaxValue,
    });
}
