using System.Security.Cryptography;
using System.Text;

namespace Smtp.Server.Tests;

/// <summary>The body goes to the sink as it comes, and no faster than the sink takes it.</summary>
public sealed class BodyStreamingTests
{
    [Fact]
    public async Task A_sink_that_does_not_take_a_piece_stops_the_reading()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sink = new RecordingSink
        {
            OnWrite = (_, _) =>
            {
                entered.TrySetResult();
                return new ValueTask(gate.Task);
            },
        };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        byte[] body = Lines(50 * 1000 * 1000);
        long before = client.Pipe!.Taken;

        Task sending = client.SendAsync(body);
        await entered.Task.Guarded();

        // The sink holds a piece; whatever else the client sends stays in the pipe.
        Assert.InRange(client.Pipe.Taken - before, 1, 64 * 1024);
        Assert.False(sending.IsCompleted);

        gate.SetResult();
        await sending.Guarded();
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("250 2.0.0");
        RecordedMessage message = Assert.Single(sink.Messages);
        message.AssertEnded(committed: true);
        Assert.Equal(SHA256.HashData(body), SHA256.HashData(message.Content));
    }

    [Fact]
    public async Task A_slow_sink_holds_one_bounded_piece_at_a_time_to_the_end()
    {
        int largest = 0;
        int previous = 0;
        var sink = new RecordingSink
        {
            OnWrite = async (message, _) =>
            {
                int length = message.Length;
                largest = Math.Max(largest, length - previous);
                previous = length;
                await Task.Yield();
            },
        };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        byte[] body = Lines(1000 * 1000);
        await client.SendAsync(body);
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("250 2.0.0");
        Assert.Equal(body, Assert.Single(sink.Messages).Content);
        Assert.InRange(largest, 1, 64 * 1024);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n")]
    [InlineData(".\r\n..\r\n...\r\n.x\r\n")]
    [InlineData("Subject: \xe4\xf6\xfc\xff\x80\x01\r\n\r\n\x7f\r\n")]
    [InlineData("no header\r\n")]
    public async Task What_arrives_is_what_was_sent(string content)
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync(Stuff(content) + ".\r\n");
        await client.ExpectAsync("250 2.0.0");
        Assert.Equal(content, Assert.Single(server.Sink.Messages).Text);
    }

    [Theory]
    [InlineData("a\r\n..b\r\n.\r\n")]
    [InlineData(".\r\n")]
    public async Task What_arrives_octet_by_octet_is_what_was_sent(string wire)
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        foreach (char c in wire)
        {
            await client.ServerWaitsAsync();
            await client.SendAsync(c.ToString());
        }

        await client.ExpectAsync("250 2.0.0");
        Assert.Equal(wire.Length > 3 ? "a\r\n.b\r\n" : string.Empty, Assert.Single(server.Sink.Messages).Text);
    }

    [Fact]
    public async Task Chunks_are_opaque_and_empty_ones_are_not_written()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nBDAT 5\r\n.\r\n.\rBDAT 0\r\nBDAT 8 LAST\r\n\n.QUIT\r");
        await client.ExpectAsync("250 2.1.0");
        await client.ExpectAsync("250 2.1.5");
        await client.ExpectAsync("250 2.0.0");
        await client.ExpectAsync("250 2.0.0");

        // One octet more, and the message is whole.
        await client.SendAsync("\n");
        await client.ExpectAsync("250 2.0.0");
        RecordedMessage message = Assert.Single(server.Sink.Messages);
        message.AssertEnded(committed: true);
        Assert.Equal(".\r\n.\r\n.QUIT\r\n", message.Text);
    }

    internal static byte[] Lines(int length)
    {
        byte[] octets = new byte[length];
        octets.AsSpan().Fill((byte)'x');
        for (int i = 70; i + 2 <= length; i += 72)
        {
            "\r\n"u8.CopyTo(octets.AsSpan(i));
        }

        "\r\n"u8.CopyTo(octets.AsSpan(length - 2));
        octets[length - 3] = (byte)'x';
        if (octets[length - 4] == '\r')
        {
            octets[length - 4] = (byte)'x';
        }

        return octets;
    }

    private static string Stuff(string content)
    {
        var wire = new StringBuilder();
        foreach (string line in content.Split("\r\n"))
        {
            wire.Append(line.StartsWith('.') ? "." : string.Empty).Append(line).Append("\r\n");
        }

        return wire.ToString(0, wire.Length - 2);
    }
}
