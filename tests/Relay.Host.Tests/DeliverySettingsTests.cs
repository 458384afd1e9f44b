using Relay.Delivery;

namespace Relay.Host.Tests;

public sealed class DeliverySettingsTests
{
    [Fact]
    public void Keys_of_delivery_reach_it_together_with_those_of_the_host()
    {
        DeliverySettings delivery = Settings.Read(
            "--Relay:HostName=relay.example.com", "--Relay:NextHop=mx", "--Relay:Retry:First=00:01:30", "--Relay:Delivery:Site:MaximumConnections=7",
            "--Relay:Delivery:Domains:slow.example:MessagesPerSecond=2", "--Relay:Listen=127.0.0.1:2525").Delivery;
        Assert.Equal("relay.example.com", delivery.HostName);
        Assert.Equal(TimeSpan.FromSeconds(90), delivery.Retry.First);
        Assert.Equal(7, delivery.Shaping.MaximumConnections);
        Assert.Equal(2, delivery.Domains["slow.example"].MessagesPerSecond);
        Assert.Equal(2525, Assert.Single(delivery.OwnEndPoints).Port);
    }
}
