using System.Diagnostics.Metrics;
using Relay.Spool;

namespace Relay.Delivery.Tests;

public sealed class DeliveryMetricsTests
{
    [Fact]
    public void Destinations_beyond_two_hundred_are_counted_together()
    {
        using var metrics = new DeliveryMetrics();
        var counted = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            // Tests beside this one have meters of the same name.
            if (instrument.Name == "relay.delivery.attempts" && instrument.Meter == metrics.Meter)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach ((string key, object? tag) in tags)
            {
                if (key == "destination")
                {
                    counted[(string)tag!] = counted.GetValueOrDefault((string)tag!) + value;
                }
            }
        });
        listener.Start();

        var fate = new Fate(RecipientState.Delivered, new RecipientReply(250, "2.0.0", "OK", "mx"), default) { WasAttempted = true };
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 300; i++)
            {
                metrics.OnFate(fate, $"d{i}.example", TimeSpan.FromSeconds(1), isDuplicate: false);
            }
        }

        Assert.Equal(201, counted.Count);
        Assert.Equal(2, counted["d0.example"]);
        Assert.Equal(2, counted["d199.example"]);
        Assert.Equal(200, counted["other"]);
    }
}
