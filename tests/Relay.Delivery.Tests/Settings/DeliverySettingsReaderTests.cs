using System.Net;
using Microsoft.Extensions.Configuration;

namespace Relay.Delivery.Tests;

public sealed class DeliverySettingsReaderTests
{
    [Fact]
    public void Nothing_configured_is_all_defaults()
    {
        DeliverySettings settings = Read();
        Assert.Equal(TimeSpan.FromHours(4), settings.Retry.DelayNotice);
        Assert.Equal(25, settings.Port);
        Assert.Equal("relay.example.test", settings.HostName);
    }

    [Fact]
    public void What_is_configured_is_read()
    {
        DeliverySettings settings = Read(
            ("Relay:Delivery:DelayNotice", "90s"),
            ("Relay:Delivery:Dns:Servers", "192.0.2.53, [2001:db8::53]:5353"),
            ("Relay:Delivery:Site:MaximumConnections", "3"),
            ("Relay:Delivery:Site:IdleTime", "500ms"),
            ("Relay:Delivery:Domains:Slow.example:MessagesPerSecond", "0.5"),
            ("Relay:Delivery:Domains:Slow.example:RequireTls", "true"),
            ("Relay:Delivery:Timeouts:Greeting", "00:01:00"),
            ("Relay:Delivery:Verp:Domain", "bounces.example.com"),
            ("Relay:Delivery:Verp:Secret", "0123456789abcdef"));
        Assert.Equal(TimeSpan.FromSeconds(90), settings.Retry.DelayNotice);
        Assert.Equal([new IPEndPoint(IPAddress.Parse("192.0.2.53"), 53), new IPEndPoint(IPAddress.Parse("2001:db8::53"), 5353)], settings.Dns.Servers);
        Assert.Equal((3, 3), (settings.Shaping.InitialConnections, settings.Shaping.MaximumConnections));
        ShapingSettings slow = settings.Domains["slow.example"];
        Assert.Equal((0.5, true, 3, TimeSpan.FromMilliseconds(500)), (slow.MessagesPerSecond, slow.RequireTls, slow.MaximumConnections, slow.IdleTime));
        Assert.Equal(TimeSpan.FromMinutes(1), settings.Timeouts.Greeting);
        Assert.Equal("bounces.example.com", settings.Verp!.Domain);
    }

    [Fact]
    public void Source_addresses_and_pools_are_read()
    {
        PoolSettings pools = Read(
            ("Relay:Delivery:Sources:a:Address", "127.0.0.2, ::1"),
            ("Relay:Delivery:Sources:a:HostName", "out.example.com"),
            ("Relay:Delivery:Sources:a:MessagesPerDay", "50"),
            ("Relay:Delivery:Sources:a:WarmUpFrom", "2026-12-01"),
            ("Relay:Delivery:Sources:b:Address", "127.0.0.3"),
            ("Relay:Delivery:Pools:news", "a, b"),
            ("Relay:Delivery:Pools:rest", "b"),
            ("Relay:Delivery:Pool", "rest"),
            ("Relay:Delivery:PoolFor:Stream:bulk", "news"),
            ("Relay:Delivery:PoolFor:Priority:high", "rest")).Pools;
        SourceSettings a = pools.For(new Relay.Spool.MessageFacts { ReversePath = "", Stream = "bulk" })![0];
        Assert.Equal(("a", 2, "out.example.com", 50, 2.0), (a.Name, a.Addresses.Count, a.HostName, a.MessagesPerDay, a.Growth));
        Assert.Equal("b", Assert.Single(pools.For(new Relay.Spool.MessageFacts { ReversePath = "" })!).Name);
    }

    [Fact]
    public void A_wrong_rules_file_is_told_with_its_line_and_what_is_allowed()
    {
        using var folder = new Smtp.Interop.TemporaryFolder();
        File.WriteAllText(folder["rules"], "code=421 => bounce\ncode=9 => bounce\n");
        var errors = new List<string>();
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Relay:Delivery:RulesFile", folder["rules"])]).Build();
        DeliverySettingsReader.Read(configuration, Bench.Settings, errors);
        Assert.StartsWith($"Relay:Delivery:RulesFile is \"{folder["rules"]}\": line 2: code=9; allowed are reply codes", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Relay:Delivery:RulesFile", "/nowhere/rules", "cannot be read")]
    [InlineData("Relay:Delivery:Sources:a:Address", "192.0.2.77", "an IP address of this machine")]
    [InlineData("Relay:Delivery:Pools:p", "nobody", "names of Relay:Delivery:Sources")]
    [InlineData("Relay:Delivery:Pool", "nowhere", "a name of Relay:Delivery:Pools")]
    [InlineData("Relay:Delivery:PoolFor:Tag:x", "nowhere", "a name of Relay:Delivery:Pools")]
    [InlineData("Relay:Delivery:DelayNotice", "5", "unit")]
    [InlineData("Relay:Delivery:DelayNotice", "5 minutes", "unit")]
    [InlineData("Relay:Delivery:DelayNotice", "99999d", "1s to 30d")]
    [InlineData("Relay:Delivery:Jitter", "2", "0 to 0.5")]
    [InlineData("Relay:Delivery:Port", "70000", "1 to 65535")]
    [InlineData("Relay:Delivery:Suppress", "yes", "true or false")]
    [InlineData("Relay:Delivery:Dns:Servers", "ns.example.com", "IP addresses")]
    [InlineData("Relay:Delivery:Site:MaximumConnections", "0", "1 to 10000")]
    [InlineData("Relay:Delivery:Domains:a.test:Burst", "-1", "1 to 10000")]
    [InlineData("Relay:Dkim:example.com:s1", "/nowhere/key.pem", "private key")]
    [InlineData("Relay:Delivery:Verp:Domain", "bounces.example.com", "together")]
    [InlineData("Relay:Delivery:Retri:First", "5m", "not a key")]
    [InlineData("Relay:Delivery:Site:MaxConnections", "5", "not a key")]
    [InlineData("Relay:Delivery", "5", "not a key")]
    [InlineData("Relay:Delivery:CaPath", " ", "empty")]
    [InlineData("Relay:Delivery:CaPath", "/nowhere/ca.pem", "certificates")]
    public void What_is_wrong_is_told_with_its_key_and_what_is_allowed(string key, string value, string expected)
    {
        var errors = new List<string>();
        Read(errors, (key, value));
        string error = Assert.Single(errors);
        Assert.Contains(key, error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_secret_is_not_printed()
    {
        var errors = new List<string>();
        Read(errors, ("Relay:Delivery:Verp:Domain", "b.example.com"), ("Relay:Delivery:Verp:Secret", "hunter2"));
        Assert.DoesNotContain("hunter2", Assert.Single(errors), StringComparison.Ordinal);
    }

    private static DeliverySettings Read(params (string Key, string Value)[] keys)
    {
        var errors = new List<string>();
        DeliverySettings settings = Read(errors, keys);
        Assert.Empty(errors);
        return settings;
    }

    private static DeliverySettings Read(List<string> errors, params (string Key, string Value)[] keys)
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(keys.ToDictionary(k => k.Key, k => (string?)k.Value)).Build();
        return DeliverySettingsReader.Read(configuration, Bench.Settings with { Retry = new RetrySchedule(), Shaping = new ShapingSettings() }, errors);
    }
}
