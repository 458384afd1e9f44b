using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>What a send under TLS allocates in steady state, over a real socket.</summary>
[Collection(nameof(AloneCollection))]
public sealed class TlsAllocationTests
{
    private static readonly byte[] Replies = "250 2.1.0 OK\r\n250 2.1.5 OK\r\n354 go\r\n"u8.ToArray();
    private static readonly byte[] Final = "250 2.0.0 OK\r\n"u8.ToArray();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_message_through_the_pool_under_TLS_allocates_nothing(int senders)
    {
        using X509Certificate2 certificate = TestCertificate.Create("mail.example.com");
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        new Thread(() => Serve(listener, certificate)) { IsBackground = true }.Start();
        await using var client = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndPoint!).Port,
            Tls = SmtpTlsMode.Implicit,
            CertificateValidation = (_, shown, _, _) => shown?.Subject == "CN=mail.example.com",
            MaximumConnections = 1,
            MaximumMessagesPerConnection = int.MaxValue,
        });
        using var stop = new CancellationTokenSource();
        CancellationToken token = TestContext.Current.CancellationToken;
        long sent = 0;
        Task[] sending = [.. Enumerable.Range(0, senders).Select(_ => Task.Run(async () =>
        {
            var message = new SmtpMessage("a@c.test", ["b@d.test"], new byte[1000]);
            var result = new SendResult();
            while (!stop.IsCancellationRequested)
            {
                await client.SendAsync(message, result, token);
                if (!result.IsAccepted)
                {
                    throw new InvalidOperationException(result.Recipients[0].ToString());
                }

                Interlocked.Increment(ref sent);
            }
        }))];

        // The first rounds fill pools and compile code for good, and the process has threads of its own that allocate now and then. What the client allocates, it
        // allocates in every round.
        long least = long.MaxValue;
        for (int round = 0; round < 30 && least > 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            long end = Interlocked.Read(ref sent) + 1000;
            while (Interlocked.Read(ref sent) < end && !Array.Exists(sending, HasEnded))
            {
                Thread.Sleep(1);
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        await stop.CancelAsync();
        await Task.WhenAll(sending);
        Assert.Equal(0, least);

        static bool HasEnded(Task sender) => sender.IsCompleted;
    }

    /// <summary>Answers what ends a body, and what ends an envelope behind it; allocates nothing itself.</summary>
    private static void Serve(Socket listener, X509Certificate2 certificate)
    {
        using Socket socket = listener.Accept();
        socket.NoDelay = true;
        using var stream = new SslStream(new NetworkStream(socket));
        stream.AuthenticateAsServer(certificate);
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
}
