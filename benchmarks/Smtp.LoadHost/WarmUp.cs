using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Smtp.LoadHost;

/// <summary>
/// Talks to the own server for a second or two after the start, so that what is measured is compiled code: .NET compiles a hot method again after its first
/// uses, which takes 10 MB once and would be counted as the memory of whoever connects first.
/// </summary>
internal static class WarmUp
{
    private const int Clients = 4;
    private const int MessagesAConnection = 50;

    private static readonly byte[] Hello = "EHLO warm.example.com\r\n"u8.ToArray();
    private static readonly byte[] Sender = "MAIL FROM:<a@example.com>\r\n"u8.ToArray();
    private static readonly byte[] Recipient = "RCPT TO:<b@example.net>\r\n"u8.ToArray();
    private static readonly byte[] Data = "DATA\r\n"u8.ToArray();
    private static readonly byte[] Quit = "QUIT\r\n"u8.ToArray();
    private static readonly byte[] Small = Body(1000);
    private static readonly byte[] Large = Body(100_000);

    internal static async Task RunAsync(IPEndPoint server, bool tls)
    {
        long end = Environment.TickCount64 + 1200;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(() => TalkAsync(server, tls, end)))).ConfigureAwait(false);
        GC.Collect();
    }

    private static async Task TalkAsync(IPEndPoint server, bool tls, long end)
    {
        byte[] reply = new byte[4096];
        while (Environment.TickCount64 < end)
        {
            using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(server).ConfigureAwait(false);
            Stream stream = new NetworkStream(socket);
            if (tls)
            {
                var secured = new SslStream(stream, leaveInnerStreamOpen: false, IsOurs);
                await secured.AuthenticateAsClientAsync("load.example.com").ConfigureAwait(false);
                stream = secured;
            }

            await using ConfiguredAsyncDisposable _ = stream.ConfigureAwait(false);
            await HearAsync(stream, reply).ConfigureAwait(false);
            await SayAsync(stream, Hello, reply).ConfigureAwait(false);
            for (int i = 0; i < MessagesAConnection && Environment.TickCount64 < end; i++)
            {
                await SayAsync(stream, Sender, reply).ConfigureAwait(false);
                await SayAsync(stream, Recipient, reply).ConfigureAwait(false);
                await SayAsync(stream, Data, reply).ConfigureAwait(false);
                await SayAsync(stream, i % 10 == 0 ? Large : Small, reply).ConfigureAwait(false);
            }

            await SayAsync(stream, Quit, reply).ConfigureAwait(false);
        }
    }

    private static async ValueTask SayAsync(Stream stream, byte[] octets, byte[] reply)
    {
        await stream.WriteAsync(octets).ConfigureAwait(false);
        await HearAsync(stream, reply).ConfigureAwait(false);
    }

    // One reply to one command, so that it ends where what was read ends in a line that has no hyphen behind its code.
    private static async ValueTask HearAsync(Stream stream, byte[] reply)
    {
        int length = 0;
        while (true)
        {
            int count = await stream.ReadAsync(reply.AsMemory(length)).ConfigureAwait(false);
            if (count == 0)
            {
                throw new IOException("The server has gone while it was warmed up.");
            }

            length += count;
            ReadOnlySpan<byte> text = reply.AsSpan(0, length);
            int last = text[..^1].LastIndexOf((byte)'\n') + 1;
            if (text.EndsWith("\n"u8) && text.Length > last + 3 && text[last + 3] != '-')
            {
                return;
            }
        }
    }

    // The certificate was made at the start of this very process.
    private static bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate?.Subject == "CN=load.example.com";

    private static byte[] Body(int length)
    {
        var text = new StringBuilder("Subject: warm\r\n\r\n");
        while (text.Length < length)
        {
            text.Append('x', 76).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append(".\r\n").ToString());
    }
}
