using System.Net;
using System.Net.Sockets;

namespace Smtp.Client.Tests;

/// <summary>What a send allocates in steady state, over a real socket.</summary>
[Collection(nameof(AloneCollection))]
public sealed class AllocationTests
{
    private static readonly byte[] Replies = "250 2.1.0 OK\r\n250 2.1.5 OK\r\n354 go\r\n"u8.ToArray();
    private static readonly byte[] Final = "250 2.0.0 OK\r\n"u8.ToArray();

    [Fact]
    public async Task A_message_in_memory_allocates_nothing()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var server = new Thread(() => Serve(listener)) { IsBackground = true };
        server.Start();
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndPoint!).Port, Tls = SmtpTlsMode.None },
            TestContext.Current.CancellationToken);
        var message = new SmtpMessage("a@c.test", ["b@d.test"], new byte[1000]);
        var result = new SendResult();

        // The first rounds fill pools and compile code for good; and the process has threads of its own that allocate now and then. What
        // the client allocates, it allocates in every round.
        CancellationToken token = TestContext.Current.CancellationToken;
        long least = long.MaxValue;
        for (int round = 0; round < 20 && least > 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < 500; i++)
            {
                await connection.SendAsync(message, result, token);
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            Assert.True(result.IsAccepted);
        }

        Assert.Equal(0, least);
        connection.Abort();
    }

    [Fact]
    public async Task A_message_through_the_pool_allocates_nothing()
    {
        using Socket listener = Listen();
        await using SmtpClient client = Pool(listener);
        var message = new SmtpMessage("a@c.test", ["b@d.test"], new byte[1000]);
        var result = new SendResult();
        CancellationToken token = TestContext.Current.CancellationToken;
        long least = long.MaxValue;
        for (int round = 0; round < 20 && least > 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < 500; i++)
            {
                await client.SendAsync(message, result, token);
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            Assert.True(result.IsAccepted);
        }

        Assert.Equal(0, least);
    }

    /// <summary>Three senders over one connection: somebody always waits, and envelopes go out behind bodies.</summary>
    [Fact]
    public async Task Messages_that_wait_for_a_connection_of_the_pool_allocate_nothing()
    {
        using Socket listener = Listen();
        await using SmtpClient client = Pool(listener);
        using var stop = new CancellationTokenSource();
        CancellationToken token = TestContext.Current.CancellationToken;
        long sent = 0;
        Task[] senders = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var message = new SmtpMessage("a@c.test", ["b@d.test"], new byte[1000]);
            var result = new SendResult();
            while (!stop.IsCancellationRequested)
            {
                await client.SendAsync(message, result, token);
                Interlocked.Increment(ref sent);
            }
        }))];
        long least = long.MaxValue;
        for (int round = 0; round < 30 && least > 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            long end = Interlocked.Read(ref sent) + 1000;
            while (Interlocked.Read(ref sent) < end && !Array.Exists(senders, HasEnded))
            {
                Thread.Sleep(1);
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        await stop.CancelAsync();
        await Task.WhenAll(senders);
        Assert.Equal(0, least);

        static bool HasEnded(Task sender) => sender.IsCompleted;
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        new Thread(() => ServePipelined(listener)) { IsBackground = true }.Start();
        return listener;
    }

    private static SmtpClient Pool(Socket listener) => new(new SmtpClientOptions
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port,
        Tls = SmtpTlsMode.None,
        MaximumConnections = 1,
        MaximumMessagesPerConnection = int.MaxValue,
    });

    /// <summary>Answers what ends a body, and what ends an envelope behind it; allocates nothing itself.</summary>
    private static void ServePipelined(Socket listener)
    {
        using Socket socket = listener.Accept();
        socket.NoDelay = true;
        byte[] buffer = new byte[64 * 1024];
        int length = 0;
        socket.Send("220 mx\r\n"u8);
        socket.Receive(buffer);
        socket.Send("250-mx\r\n250 PIPELINING\r\n"u8);
        while (true)
        {
            int count = socket.Receive(buffer.AsSpan(length));
            if (count == 0)
            {
                return;
            }

            length += count;
            Span<byte> read = buffer.AsSpan(0, length);
            if (read.StartsWith("QUIT"u8))
            {
                return;
            }

            bool endsEnvelope = read.EndsWith("\r\nDATA\r\n"u8);
            if (!endsEnvelope && !read.EndsWith("\r\n.\r\n"u8))
            {
                continue;
            }

            length = 0;
            if (read.IndexOf("\r\n.\r\n"u8) >= 0)
            {
                socket.Send(Final);
            }

            if (endsEnvelope)
            {
                socket.Send(Replies);
            }
        }
    }

    /// <summary>Answers by counting octets, and allocates nothing itself.</summary>
    private static void Serve(Socket listener)
    {
        using Socket socket = listener.Accept();
        socket.NoDelay = true;
        byte[] buffer = new byte[64 * 1024];
        socket.Send("220 mx\r\n"u8);
        socket.Receive(buffer);
        socket.Send("250-mx\r\n250 PIPELINING\r\n"u8);
        while (true)
        {
            int length = socket.Receive(buffer);
            if (length == 0)
            {
                return;
            }

            socket.Send(Replies);
            while (!buffer.AsSpan(0, length).EndsWith("\r\n.\r\n"u8))
            {
                length = socket.Receive(buffer);
            }

            socket.Send(Final);
        }
    }
}
