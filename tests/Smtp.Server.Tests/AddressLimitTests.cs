using System.Net;

namespace Smtp.Server.Tests;

/// <summary>The limit of connections per address.</summary>
public sealed class AddressLimitTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("2001:db8:1:2::1", "2001:db9:1:2::1", false)]
    [InlineData("::1", "127.0.0.1", false)]
    [InlineData("::1", "::2", true)]
    public void One_customer_is_an_IPv4_address_or_an_IPv6_64(string first, string second, bool same)
    {
        var counter = new AddressCounter();
        Assert.True(counter.TryEnter(IPAddress.Parse(first), 1));
        Assert.Equal(!same, counter.TryEnter(IPAddress.Parse(second), 1));
        counter.Leave(IPAddress.Parse(first));
        Assert.True(counter.TryEnter(IPAddress.Parse(first), 1));
    }

    [Fact]
    public void As_many_as_allowed_may_enter_and_who_was_refused_is_not_counted()
    {
        var counter = new AddressCounter();
        var address = IPAddress.Parse("2001:db8::1");
        for (int i = 0; i < 3; i++)
        {
            Assert.True(counter.TryEnter(address, 3));
        }

        Assert.False(counter.TryEnter(address, 3));
        Assert.False(counter.TryEnter(address, 3));
        counter.Leave(address);
        Assert.True(counter.TryEnter(address, 3));
        Assert.False(counter.TryEnter(address, 3));
    }

    [Fact]
    public async Task One_connection_too_many_from_an_address_is_told_so_and_a_free_place_is_taken()
    {
        await using var server = TestServer.Start(maximumPerAddress: 2);
        await using TestClient first = await server.ConnectSocketAsync();
        await first.GreetAsync();
        await using TestClient second = await server.ConnectSocketAsync();
        await second.GreetAsync();
        await using TestClient third = await server.ConnectSocketAsync();
        await third.ExpectAsync("421 4.7.0");
        await third.ExpectEndAsync();
        await third.DisposeAsync();

        // A connection without an address does not count.
        await using TestClient piped = server.Connect();
        await piped.GreetAsync();

        await first.SayAsync("QUIT", "221 ");
        await first.ExpectEndAsync();
        while (server.Server.ConnectionCount > 2)
        {
            await Task.Yield();
        }

        await using TestClient fourth = await server.ConnectSocketAsync();
        await fourth.GreetAsync();
        Assert.Single(server.Logs.Entries, e => e.EventId == 17);
    }

    [Fact]
    public async Task Under_implicit_TLS_it_is_cut_without_a_handshake()
    {
        using var certificate = TestCertificates.Create("mail.example.com");
        await using var server = TestServer.Start(
            certificates: new TlsCertificates(certificate), maximumPerAddress: 1, listeners: TestServer.Listener(TlsMode.Implicit));
        await using TestClient first = await server.ConnectSocketAsync();
        await first.ShakeHandsAsync();
        await first.GreetAsync();
        await using TestClient second = await server.ConnectSocketAsync();
        await second.ExpectEndAsync();
        Assert.StartsWith("250 2.0.0", await first.SendMessageAsync(), StringComparison.Ordinal);
    }
}
