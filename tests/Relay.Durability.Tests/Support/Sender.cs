using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relay.Durability.Tests;

/// <summary>A submitter that keeps a ledger: what it was told is what counts. It shares no code with the engine.</summary>
internal sealed class Sender(IPEndPoint endPoint, Ledger ledger)
{
    /// <summary>Replies other than 250 to a message.</summary>
    internal List<string> Refusals { get; } = [];

    /// <summary>What is asked for with each recipient, such as NOTIFY=FAILURE; empty for nothing.</summary>
    internal string Parameters { get; init; } = string.Empty;

    /// <summary>Sends until it is told to stop, connecting anew whenever the connection is gone.</summary>
    internal async Task RunAsync(CancellationToken stop, int maximum = int.MaxValue)
    {
        while (!stop.IsCancellationRequested && maximum > 0)
        {
            int number = 0;
            try
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(endPoint, stop);
                using var stream = new NetworkStream(socket);
                using var reader = new StreamReader(stream, Encoding.ASCII);
                await ReplyAsync(reader, stop);
                await SayAsync(stream, reader, "EHLO sender.example.com\r\n", stop);
                for (; !stop.IsCancellationRequested && maximum > 0; maximum--)
                {
                    number = 0;
                    await SayAsync(stream, reader, "MAIL FROM:<a@example.com>\r\n", stop);
                    await SayAsync(stream, reader, $"RCPT TO:<b@example.net>{Parameters}\r\n", stop);
                    string go = await SayAsync(stream, reader, "DATA\r\n", stop);
                    if (!go.StartsWith("354", StringComparison.Ordinal))
                    {
                        Refusals.Add(go);
                        await SayAsync(stream, reader, "RSET\r\n", stop);
                        continue;
                    }

                    number = ledger.NextNumber();
                    string content = Ledger.Content(number).Replace("\r\n.", "\r\n..", StringComparison.Ordinal);

                    // No stop in the middle of one: its fate would not be known.
                    string reply = await SayAsync(stream, reader, content + ".\r\n", CancellationToken.None);
                    if (reply.StartsWith("250", StringComparison.Ordinal))
                    {
                        ledger.OnAccepted(number);
                    }
                    else
                    {
                        ledger.OnRefused(number);
                        Refusals.Add(reply);
                    }

                    number = 0;
                }
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
            {
                if (number != 0)
                {
                    ledger.OnUnknown(number);
                }

                if (!stop.IsCancellationRequested)
                {
                    await Task.Delay(20, CancellationToken.None);
                }
            }
        }
    }

    private static async Task<string> SayAsync(NetworkStream stream, StreamReader reader, string text, CancellationToken stop)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), stop);
        return await ReplyAsync(reader, stop);
    }

    private static async Task<string> ReplyAsync(StreamReader reader, CancellationToken stop)
    {
        while (true)
        {
            string line = await reader.ReadLineAsync(stop) ?? throw new IOException("The relay has gone.");
            if (line[3] == ' ')
            {
                return line;
            }
        }
    }
}
