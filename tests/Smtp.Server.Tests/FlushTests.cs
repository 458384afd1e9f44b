using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Server.Tests;

/// <summary>A group of replies is one write, so that it is one packet (RFC 2920 §3.2).</summary>
public sealed class FlushTests
{
    private const string Envelope = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n";

    [Fact]
    public async Task A_pipelined_group_is_answered_in_one_write()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.Equal(2, client.Pipe!.Writes);

        await client.SendAsync(Envelope);
        await client.ServerWaitsAsync();
        Assert.Equal(3, client.Pipe.Writes);

        // The body's end with the next envelope behind it.
        await client.SendAsync("x\r\n.\r\n" + Envelope);
        await client.ServerWaitsAsync();
        Assert.Equal(4, client.Pipe.Writes);

        await client.SendAsync("x\r\n.\r\nQUIT\r\n");
        await client.Session.Guarded();
        Assert.Equal(5, client.Pipe.Writes);
        Assert.Equal(2, server.Sink.Messages.Count);
    }

    /// <summary>Whatever it is that carries them, the small buffer of a connection that waits does not cut a flight of messages in two.</summary>
    [Theory]
    [InlineData("pipe")]
    [InlineData("socket")]
    [InlineData("TLS")]
    public async Task A_flight_of_messages_is_answered_in_one_write(string transport)
    {
        using X509Certificate2 certificate = TestCertificates.Create("mail.example.com");
        await using var server = TestServer.Start(
            certificates: new TlsCertificates(certificate),
            listeners: TestServer.Listener(transport == "TLS" ? TlsMode.Implicit : TlsMode.None));
        await using TestClient client = transport == "pipe" ? server.Connect() : await server.ConnectSocketAsync();
        if (transport == "TLS")
        {
            await client.ShakeHandsAsync();
        }

        await client.GreetAsync();
        var measured = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using MeterListener listener = ServerMeter.Listen(server.Server, [], measured);

        // In one piece of what TCP sends over the loopback, and in one record of TLS.
        const int Messages = 12;
        string message = $"RSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nBDAT 1000 LAST\r\n{new string('x', 998)}\r\n";
        await client.SendAsync(string.Concat(Enumerable.Repeat(message, Messages)));
        for (int replies = 0; replies < 4 * Messages; replies++)
        {
            await client.ExpectAsync("250 ");
        }

        Assert.Single(measured, measurement => measurement.Name == "smtp.server.io.sent");
        Assert.Equal(Messages, server.Sink.Messages.Count);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task No_packet_waits_for_the_client_to_acknowledge_the_last(string address)
    {
        // Nagle's algorithm would hold the second write of a group back until then, which with delayed acknowledgements is 40 ms.
        var endPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Parse(address), 0);
        await using var server = TestServer.Start(listeners: new SmtpListenerOptions { EndPoint = endPoint });
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        Assert.True(Assert.IsType<SocketTransport>(Assert.Single(server.Server.Transports)).NoDelay);
    }

    [Fact]
    public async Task A_command_that_waits_for_its_reply_gets_it()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync("NOOP\r\nNO");
        await client.ExpectAsync("250 ");
        await client.SendAsync("OP\r\n");
        await client.ExpectAsync("250 ");
        Assert.Equal(4, client.Pipe!.Writes);
    }

    [Fact]
    public async Task The_250_of_a_message_does_not_wait_for_the_sink_to_take_the_next_one()
    {
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sink = new RecordingSink { OnWrite = async (message, _) => await (message.Sender == "b@example.com" ? full.Task : Task.CompletedTask) };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();

        // Inside a transaction the server reads kilobytes at once: all of this, so that nothing but the sink lets it send what it has said.
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SendAsync(
            "RCPT TO:<c@example.net>\r\nBDAT 3 LAST\r\nx\r\n"
            + "MAIL FROM:<b@example.com>\r\nRCPT TO:<c@example.net>\r\nBDAT 3 LAST\r\nx\r\n");
        try
        {
            for (int replies = 0; replies < 4; replies++)
            {
                await client.ExpectAsync("250 ");
            }

            Assert.Equal([1, 0], sink.Messages.Select(message => message.Commits));
        }
        finally
        {
            full.SetResult();
        }

        await client.ExpectAsync("250 ");
    }

    [Fact]
    public async Task Many_replies_do_not_pile_up_before_a_client_that_does_not_read()
    {
        await using var server = TestServer.Start(limits: new Smtp.Core.SmtpLimits { MaximumUnproductiveCommands = int.MaxValue });
        await using TestClient client = server.Connect(window: 4096);
        await client.GreetAsync();
        long greeting = client.Pipe!.Taken;
        Task sending = client.SendAsync(string.Concat(Enumerable.Repeat("HELP\r\n", 100 * 1000)));
        await client.Pipe.ServerIsStuckAsync();

        // Reading stops while replies are unsent: one buffer's worth was taken.
        Assert.InRange(client.Pipe.Taken - greeting, 1, 16 * 1024);
        Assert.False(sending.IsCompleted);
    }
}
