using System.Net;
using System.Net.Sockets;

namespace Smtp.Client.Tests;

/// <summary>What sends allocate in steady state, and a server that allocates nothing itself.</summary>
internal static class SteadySending
{
    private static readonly byte[] Replies = "250 2.1.0 OK\r\n250 2.1.5 OK\r\n354 go\r\n"u8.ToArray();
    private static readonly byte[] Final = "250 2.0.0 OK\r\n"u8.ToArray();

    /// <summary>The least that a round of 500 messages allocates, one after the other.</summary>
    internal static async Task<long> LeastAsync(Func<SmtpMessage, SendResult, ValueTask<SendResult>> send)
    {
        var message = new SmtpMessage("a@c.test", ["b@d.test"], new byte[1000]);
        var result = new SendResult();
        var rounds = new AllocationRounds(20);
        while (rounds.Next())
        {
            for (int i = 0; i < 500; i++)
            {
                await send(message, result);
                Demand(result);
            }
        }

        return rounds.Least;
    }

    /// <summary>The least that 1000 messages of so many senders allocate, who share a client and never stop.</summary>
    internal static async Task<long> LeastAsync(SmtpClient client, int senders, CancellationToken cancellationToken)
    {
        using var stop = new CancellationTokenSource();
        long sent = 0;
        Task[] sending = [.. Enumerable.Range(0, senders).Select(_ => Task.Run(async () =>
        {
            var message = new SmtpMessage("a@c.test", ["b@d.test"], new byte[1000]);
            var result = new SendResult();
            while (!stop.IsCancellationRequested)
            {
                await client.SendAsync(message, result, cancellationToken);
                Demand(result);
                Interlocked.Increment(ref sent);
            }
        }))];
        var rounds = new AllocationRounds(30);
        while (rounds.Next())
        {
            long end = Interlocked.Read(ref sent) + 1000;
            while (Interlocked.Read(ref sent) < end && !Array.Exists(sending, HasEnded))
            {
                Thread.Sleep(1);
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(sending);
        return rounds.Least;

        static bool HasEnded(Task sender) => sender.IsCompleted;
    }

    /// <summary>Listens, and serves the one connection that comes.</summary>
    /// <param name="secure">What lies over the socket.</param>
    internal static Socket Listen(Func<Stream, Stream> secure)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        new Thread(() => Serve(listener, secure)) { IsBackground = true }.Start();
        return listener;
    }

    /// <summary>Answers what ends a body, and what ends an envelope behind it.</summary>
    private static void Serve(Socket listener, Func<Stream, Stream> secure)
    {
        using Socket socket = listener.Accept();
        socket.NoDelay = true;
        using Stream stream = secure(new NetworkStream(socket));
        byte[] buffer = new byte[64 * 1024];
        int length = 0;
        stream.Write("220 mx\r\n"u8);
        stream.ReadAtLeast(buffer, 1);
        stream.Write("250-mx\r\n250 PIPELINING\r\n"u8);
        while (true)
        {
            int count = stream.Read(buffer.AsSpan(length));
            if (count == 0)
            {
                return;
            }

            length += count;
            Span<byte> read = buffer.AsSpan(0, length);
            if (read.StartsWith("QUIT"u8))
            {
                stream.Write("221 Bye\r\n"u8);
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
                stream.Write(Final);
            }

            if (endsEnvelope)
            {
                stream.Write(Replies);
            }
        }
    }

    private static void Demand(SendResult result)
    {
        if (!result.IsAccepted)
        {
            throw new InvalidOperationException(result.Recipients[0].ToString());
        }
    }
}
