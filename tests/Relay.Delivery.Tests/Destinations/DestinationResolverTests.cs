using System.Net;
using System.Net.Sockets;
using Smtp.Core;

namespace Relay.Delivery.Tests;

/// <summary>Against a real name server: nsd.</summary>
public sealed class DestinationResolverTests(Zones zones) : IClassFixture<Zones>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hosts_come_by_preference_with_all_addresses_and_both_families_by_turns()
    {
        Resolution found = await ResolveAsync("example.test");
        Assert.Equal(ResolutionStatus.Found, found.Status);
        Assert.Equal("mx1.example.test,mx2.example.test,mx3.example.test", found.Site);
        Assert.Equal(["mx1.example.test", "mx3.example.test"], found.Hosts.Take(2).Select(h => h.Name).Order());
        Assert.Equal("mx2.example.test", found.Hosts[2].Name);
        MailHost first = found.Hosts.Single(h => h.Name == "mx1.example.test");
        Assert.Equal(3, first.Addresses.Count);
        Assert.Equal(AddressFamily.InterNetworkV6, first.Addresses[0].AddressFamily);
        Assert.Equal(AddressFamily.InterNetwork, first.Addresses[1].AddressFamily);
        Assert.Equal(TimeSpan.FromMinutes(5), found.Lifetime);
    }

    [Fact]
    public async Task Equal_preferences_are_shuffled_and_unequal_ones_never()
    {
        Resolution found = await ResolveAsync("example.test");
        var random = new Random(7);
        var firsts = new HashSet<string>();
        for (int i = 0; i < 50; i++)
        {
            IReadOnlyList<MailHost> order = found.Shuffle(random);
            Assert.Equal([10, 10, 20], order.Select(h => h.Preference));
            firsts.Add(order[0].Name);
        }

        Assert.Equal(2, firsts.Count);
    }

    [Fact]
    public async Task Domains_with_the_same_exchangers_are_one_site_whatever_their_preferences_and_case() =>
        Assert.Equal((await ResolveAsync("example.test")).Site, (await ResolveAsync("same.example.test")).Site);

    [Fact]
    public async Task A_domain_without_MX_is_its_own_host()
    {
        Resolution found = await ResolveAsync("plain.example.test");
        MailHost host = Assert.Single(found.Hosts);
        Assert.Equal("plain.example.test", host.Name);
        Assert.Equal([IPAddress.Parse("2001:db8::4"), IPAddress.Parse("192.0.2.4")], host.Addresses);
    }

    [Theory]
    [InlineData("null.example.test", "5.1.10")]
    [InlineData("nosuch.example.test", "5.1.2")]
    [InlineData("empty.example.test", "5.4.4")]
    [InlineData("deadmx.example.test", "5.4.4")]
    [InlineData("loop.example.test", "5.4.6")]
    [InlineData("selfa.example.test", "5.4.6")]
    [InlineData("[x400:whatever]", "5.1.3")]
    public async Task There_is_no_way(string domain, string code)
    {
        Resolution found = await ResolveAsync(domain);
        Assert.Equal(ResolutionStatus.Permanent, found.Status);
        Assert.Equal(code, found.Code.ToString());
        Assert.Empty(found.Hosts);
        Assert.NotEmpty(found.Text);
    }

    [Theory]
    [InlineData("broken.test")] // SERVFAIL
    [InlineData("refused.invalid")] // REFUSED
    [InlineData("brokenmx.example.test")] // its only exchanger's address is SERVFAIL
    [InlineData("circle1.example.test")]
    public async Task It_is_not_known_now(string domain)
    {
        Resolution found = await ResolveAsync(domain);
        Assert.Equal(ResolutionStatus.Transient, found.Status);
        Assert.Equal(new EnhancedStatus(4, 4, 3), found.Code);
    }

    [Fact]
    public async Task Name_servers_that_do_not_answer_defer()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var settings = new DnsSettings { Servers = [(IPEndPoint)silent.LocalEndPoint!], Timeout = TimeSpan.FromMilliseconds(100), Retries = 0 };
        Resolution found = await new DestinationResolver(settings, (_, _, _) => false).ResolveAsync("example.test", 25, Cancellation);
        Assert.Equal(ResolutionStatus.Transient, found.Status);
    }

    [Theory]
    [InlineData("alias.example.test", "mx1.example.test")]
    [InlineData("faralias.example.test", "mx1.example.test")] // into another zone; its first exchanger has no address
    [InlineData("mxalias.example.test", "mxcname.example.test")]
    [InlineData("halfdead.example.test", "mx2.example.test")]
    [InlineData("halfbroken.example.test", "mx2.example.test")]
    [InlineData("nullandmore.example.test", "mx1.example.test")]
    public async Task What_leads_somewhere_is_followed(string domain, string host)
    {
        Resolution found = await ResolveAsync(domain);
        Assert.Equal(ResolutionStatus.Found, found.Status);
        Assert.Contains(found.Hosts, h => h.Name == host && h.Addresses.Count > 0);
    }

    [Fact]
    public async Task A_backup_relay_sends_only_to_hosts_nearer_than_itself()
    {
        Resolution found = await ResolveAsync("backup.example.test");
        Assert.Equal("mx1.example.test", Assert.Single(found.Hosts).Name);
    }

    [Theory]
    [InlineData("[192.0.2.7]", "192.0.2.7")]
    [InlineData("[IPv6:2001:db8::7]", "2001:db8::7")]
    public async Task An_address_literal_is_its_own_host(string domain, string address)
    {
        MailHost host = Assert.Single((await ResolveAsync(domain)).Hosts);
        Assert.Equal(IPAddress.Parse(address), Assert.Single(host.Addresses));
    }

    [Fact]
    public async Task Of_a_thousand_exchangers_the_nearest_ten_are_considered()
    {
        Resolution found = await ResolveAsync("many.test");
        Assert.Equal(Enumerable.Range(0, 10), found.Hosts.Select(h => h.Preference));
    }

    private Task<Resolution> ResolveAsync(string domain) => new DestinationResolver(
        new DnsSettings { Servers = [zones.Server.EndPoint] },
        (name, addresses, _) => name == "relay.example.test" || addresses.Contains(IPAddress.Parse("192.0.2.99"))).ResolveAsync(domain, 25, Cancellation);
}
