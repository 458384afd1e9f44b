using System.Net;
using System.Net.Sockets;

namespace Smtp.Client.Tests;

/// <summary>What messages behind each other, and messages by BDAT, allocate in steady state, over a real socket.</summary>
[Collection(nameof(AloneCollection))]
public sealed class BatchAllocationTests
{
    [Fact]
    public async Task A_message_by_BDAT_and_messages_behind_each_other_allocate_nothing()
    {
        foreach (bool chunking in (bool[])[true, false])
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            var server = new Thread(() => ServeBatch(listener, chunking)) { IsBackground = true };
            server.Start();
            await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
                new SmtpConnectionOptions { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndPoint!).Port, Tls = SmtpTlsMode.None },
                TestContext.Current.CancellationToken);
            var message = new SmtpMessage("a@c.test", ["b@d.test"], "Subject: x\r\n\r\nhello\r\n"u8.ToArray());
            SmtpMessage[] messages = [.. Enumerable.Repeat(message, 500)];
            SendResult[] results = [.. Enumerable.Range(0, 500).Select(_ => new SendResult())];

            // A call has its feed and its task; a message has nothing.
            CancellationToken token = TestContext.Current.CancellationToken;
            var rounds = new AllocationRounds(20, enough: 2000);
            while (rounds.Next())
            {
                await connection.SendAllAsync(messages, results, token);
                if (!Array.TrueForAll(results, result => result.IsAccepted))
                {
                    throw new InvalidOperationException("A message was not accepted.");
                }
            }

            Assert.InRange(rounds.Least, 0, 2000);
            connection.Abort();
        }
    }

    /// <summary>Answers whatever comes, command by command, and allocates nothing itself.</summary>
    private static void ServeBatch(Socket listener, bool chunking)
    {
        using Socket socket = listener.Accept();
        socket.NoDelay = true;
        byte[] buffer = new byte[64 * 1024];
        byte[] answers = new byte[64 * 1024];
        socket.Send("220 mx\r\n"u8);
        socket.Receive(buffer);
        socket.Send(chunking ? "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"u8 : "250-mx\r\n250 PIPELINING\r\n"u8);
        bool inBody = false;
        int used = 0;
        while (true)
        {
            int length = socket.Receive(buffer.AsSpan(used));
            if (length == 0)
            {
                return;
            }

            used += length;
            Span<byte> input = buffer.AsSpan(0, used);
            int answered = 0;
            while (input.IndexOf("\r\n"u8) is >= 0 and int end)
            {
                Span<byte> line = input[..end];
                ReadOnlySpan<byte> answer = inBody ? (line.SequenceEqual("."u8) ? "250 2.0.0 OK\r\n"u8 : default)
                    : line.StartsWith("DATA"u8) ? "354 go\r\n"u8
                    : "250 OK\r\n"u8;
                int skip = 0;
                if (!inBody && line.StartsWith("BDAT"u8))
                {
                    // "Subject: x", an empty line and "hello".
                    skip = 21;
                    if (input.Length < end + 2 + skip)
                    {
                        break;
                    }
                }

                inBody = inBody ? !line.SequenceEqual("."u8) : line.StartsWith("DATA"u8);
                answer.CopyTo(answers.AsSpan(answered));
                answered += answer.Length;
                input = input[(end + 2 + skip)..];
            }

            input.CopyTo(buffer);
            used = input.Length;
            socket.Send(answers.AsSpan(0, answered));
        }
    }
}
