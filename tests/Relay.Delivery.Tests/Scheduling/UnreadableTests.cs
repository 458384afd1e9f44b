using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Delivery.Tests;

/// <summary>Bodies that turn out to be broken when they are to be sent.</summary>
public sealed class UnreadableTests
{
    [Theory]
    [InlineData("DELETE FROM content WHERE message = $key")]
    [InlineData("UPDATE content SET octets = substr(octets, 1, 5) WHERE message = $key")]
    [InlineData("UPDATE messages SET labels = '[' WHERE key = $key")]
    public async Task A_broken_message_is_quarantined_and_the_ones_behind_it_are_delivered(string damage)
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        MessageId broken = await bench.EnqueueAsync("broken@example.net");
        MessageId[] whole = [await bench.EnqueueAsync("one@example.net"), await bench.EnqueueAsync("two@example.net")];
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(bench["spool"], "spool.db")};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = damage;

            // An id begins with its place in the store: 48 bits of time, 4 of the version, 12 of a counter.
            Span<byte> octets = Convert.FromHexString(broken.ToString());
            command.Parameters.AddWithValue("$key", (long)(BinaryPrimitives.ReadUInt64BigEndian(octets) >> 16 << 12) | (BinaryPrimitives.ReadUInt16BigEndian(octets[6..]) & 0xFFFL));
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        bench.Service.Start();
        foreach (MessageId id in whole)
        {
            Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(id)).State);
        }

        await bench.UntilEmptyAsync();
        Assert.Equal(["one@example.net", "two@example.net"], hop.Taken.SelectMany(m => m.Recipients).Order());
        SpoolEvent[] quarantined = [.. (await bench.Spool.EventsAfterAsync(0, 100, Bench.Cancellation)).Where(e => e.Type == SpoolEventType.Quarantined)];
        Assert.Equal("unreadable", Assert.Single(quarantined).Reason);
    }
}
