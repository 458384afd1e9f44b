using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>In steady state a message costs no allocation, from the socket to the sink and back.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests
{
    private const int Messages = 2000;

    private static readonly byte[] Mail = "MAIL FROM:<sender@example.com> SIZE=1000\r\n"u8.ToArray();
    private static readonly byte[] Rcpt = "RCPT TO:<recipient@example.net>\r\n"u8.ToArray();
    private static readonly byte[] Data = "DATA\r\n"u8.ToArray();

    private static readonly Dictionary<int, byte[]> Bodies = new()
    {
        [1000] = [.. BodyStreamingTests.Lines(1000), .. ".\r\n"u8],
        [100 * 1000] = [.. BodyStreamingTests.Lines(100 * 1000), .. ".\r\n"u8],
    };

    [Fact]
    public void One_command_at_a_time()
    {
        AssertNone((ref Wire wire) =>
        {
            wire.Say(Mail, 1);
            wire.Say(Rcpt, 1);
            wire.Say(Data, 1);
            wire.Say(Body(1000), 1);
        });
    }

    [Fact]
    public void Pipelined()
    {
        byte[] group = [.. Mail, .. Rcpt, .. Rcpt, .. Data];
        AssertNone((ref Wire wire) =>
        {
            wire.Say(group, 4);
            wire.Say(Body(1000), 1);
        });
    }

    [Fact]
    public void With_bodies_over_many_reads()
    {
        byte[] group = [.. Mail, .. Rcpt, .. Data];
        AssertNone((ref Wire wire) =>
        {
            wire.Say(group, 3);
            wire.Say(Body(100 * 1000), 1);
        });
    }

    [Fact]
    public void In_chunks()
    {
        byte[] group = [.. Mail, .. Rcpt, .. "BDAT 1000\r\n"u8, .. new byte[1000], .. "BDAT 500 LAST\r\n"u8, .. new byte[500]];
        AssertNone((ref Wire wire) => wire.Say(group, 4));
    }

    [Fact]
    public void Under_TLS_in_chunks()
    {
        byte[] group = [.. Mail, .. Rcpt, .. "BDAT 1000\r\n"u8, .. new byte[1000], .. "BDAT 500 LAST\r\n"u8, .. new byte[500]];
        AssertNone((ref Wire wire) => wire.Say(group, 4), tls: true);
    }

    [Fact]
    public void Refused()
    {
        byte[] group = [.. Mail, .. "RCPT TO:<nobody@example.net>\r\n"u8, .. "RSET\r\n"u8];
        AssertNone((ref Wire wire) => wire.Say(group, 3));
    }

    private delegate void Exchange(ref Wire wire);

    private static byte[] Body(int length) => Bodies[length];

    private static void AssertNone(Exchange message, bool tls = false)
    {
        using X509Certificate2? certificate = tls ? TestCertificates.Create("mail.example.com") : null;
        var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Tls = tls ? TlsMode.Implicit : TlsMode.None }],
            Certificates = certificate is null ? null : new TlsCertificates(certificate),
            Timeouts = new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.Zero, ErrorDelay = TimeSpan.Zero },
            MessageSink = new NullSink(),
            Policy = new PickyPolicy(),
            Limits = new SmtpLimits { MaximumErrors = int.MaxValue, MaximumUnproductiveCommands = int.MaxValue },

            // The heartbeat, which costs the server an enumerator a second and no message anything, stands still.
            TimeProvider = new FakeTimeProvider(),
        });
        server.Start();
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(server.EndPoints[0]);
            using SslStream? secured = tls ? new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false, (_, peer, _, _) => peer?.Subject == "CN=mail.example.com") : null;
            secured?.AuthenticateAsClient("mail.example.com");
            var wire = new Wire(socket, secured);
            wire.Say([], 1);
            wire.Say("EHLO client.example.com\r\n"u8, 8);
            for (int i = 0; i < Messages; i++)
            {
                message(ref wire);
            }

            // Whole process, all threads. What the test runner does meanwhile is not the server's, so that the best of some rounds counts; it has to be
            // nothing at all.
            long least = long.MaxValue;
            for (int round = 0; round < 10 && least > 0; round++)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                for (int i = 0; i < Messages; i++)
                {
                    message(ref wire);
                }

                least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            }

            Assert.Equal(0, least);
        }
        finally
        {
            server.StopAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        }
    }

    /// <summary>A client that allocates nothing.</summary>
    private struct Wire(Socket socket, SslStream? secured)
    {
        private readonly byte[] _buffer = new byte[4096];

        /// <summary>Sends octets and waits for so many lines.</summary>
        internal readonly void Say(ReadOnlySpan<byte> octets, int lines)
        {
            if (secured is not null && !octets.IsEmpty)
            {
                secured.Write(octets);
                octets = default;
            }

            while (!octets.IsEmpty)
            {
                octets = octets[socket.Send(octets)..];
            }

            while (lines > 0)
            {
                int count = secured?.Read(_buffer) ?? socket.Receive(_buffer);
                if (count == 0)
                {
                    throw new InvalidOperationException("The server has gone.");
                }

                lines -= _buffer.AsSpan(0, count).Count((byte)'\n');
            }

            if (lines < 0)
            {
                throw new InvalidOperationException("More lines came than expected.");
            }
        }
    }

    private sealed class NullSink : IMessageSink, IMessageWriter
    {
        public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
            new(MessageOpening.Accept(this));

        public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => default;

        public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Replies.MessageAccepted);

        public ValueTask AbortAsync() => default;
    }

    private sealed class PickyPolicy : IEnvelopePolicy
    {
        private static readonly SmtpReply Unknown = SmtpReply.Create(550, new EnhancedStatus(5, 1, 1), "No such user");

        public ValueTask<SmtpReply> CheckRecipientAsync(
            SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken) =>
            recipient.ForwardPath.LocalPart.SequenceEqual("nobody"u8) ? new(Unknown) : default;
    }
}
