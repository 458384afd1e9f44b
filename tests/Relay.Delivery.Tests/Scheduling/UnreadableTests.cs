using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using Relay.Spool;

namespace Relay.Delivery.Tests;

/// <summary>Bodies that turn out to be broken when they are to be sent.</summary>
public sealed class UnreadableTests
{
    [Theory]
    [InlineData("DELETE FROM content WHERE message = $key", true)]
    [InlineData("UPDATE content SET octets = substr(octets, 1, 5) WHERE message = $key", true)]
    [InlineData("UPDATE messages SET labels = '[' WHERE key = $key", true)]
    [InlineData("UPDATE messages SET scheduled_at = 9000000000000000000 WHERE key = $key", true)]
    [InlineData("UPDATE recipients SET path = '' WHERE message = $key", true)]
    [InlineData("UPDATE messages SET reverse_path = 'no path>' WHERE key = $key", false)]
    public async Task A_broken_message_is_quarantined_its_sender_told_and_the_ones_behind_it_delivered(string damage, bool isTold)
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
        string[] expected = isTold ? ["ann@example.test", "one@example.net", "two@example.net"] : ["one@example.net", "two@example.net"];
        Assert.Equal(expected, hop.Taken.SelectMany(m => m.Recipients).Order());
        if (hop.Taken.SingleOrDefault(m => m.Recipients.Contains("ann@example.test")) is { } told)
        {
            Assert.Equal(string.Empty, told.Sender);
            Assert.Contains("\r\nAction: failed\r\nStatus: 5.3.0\r\n", told.Body, StringComparison.Ordinal);
            Assert.Contains("copy of the message is damaged", told.Body.ReplaceLineEndings(" "), StringComparison.Ordinal);
        }

        SpoolEvent[] quarantined = [.. (await bench.Spool.EventsAfterAsync(0, 100, Bench.Cancellation)).Where(e => e.Type == SpoolEventType.Quarantined)];
        Assert.Equal("unreadable", Assert.Single(quarantined).Reason);
    }

    [Fact]
    public async Task A_body_that_the_system_cannot_open_is_an_attempt_and_is_sent_when_it_can()
    {
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with { NextHop = Bench.To(hop) });
        MessageId id = bench.Spool.NewId();
        await using (BodyFileWriter file = bench.Spool.CreateBodyFile(id))
        {
            await file.WriteAsync("Subject: x\r\n\r\nHello\r\n"u8.ToArray(), Bench.Cancellation);
            await bench.Spool.EnqueueAsync(
                new NewMessage
                {
                    Id = id,
                    Facts = new MessageFacts { ReversePath = "ann@example.test", SenderDomain = "example.test" },
                    Recipients = [NewRecipient.Of("bob@example.net")],
                    Content = await file.FinishAsync(Bench.Cancellation),
                },
                Bench.Cancellation);
            file.Keep();
        }

        // Nobody may open a folder as a file, root neither.
        string path = Directory.GetFiles(Path.Combine(bench["spool"], "bodies"), "*", SearchOption.AllDirectories).Single();
        File.Move(path, bench["body"]);
        Directory.CreateDirectory(path);
        bench.Service.Start();
        StoredRecipient deferred = Assert.Single(await bench.UntilAsync(id, r => r.Attempts > 0));
        Assert.Equal("4.3.0", deferred.LastReply.Enhanced);
        Assert.Contains("cannot be read", deferred.LastReply.Text, StringComparison.Ordinal);

        Directory.Delete(path);
        File.Move(bench["body"], path);
        Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(id)).State);
        Assert.Single(hop.Taken);
    }
}
