using System.Net;
using System.Net.Sockets;
using System.Text;
using Smtp.Client;
using Smtp.Core;
using Smtp.Hosting;
using Smtp.Server;
using Smtp.Testing;

namespace Smtp.Packages.Tests.Forwarding;

public sealed class ForwardSinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_goes_on_with_its_envelope_and_a_Received_field()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port);
        string[] replies = await gateway.SendAsync(Gateway.Text + "Grüße\r\n", "a@example.net", "b@example.net");
        Assert.All(replies, reply => Assert.Equal("250 2.0.0 Message accepted", reply));
        ReceivedMessage message = await next.WaitForMessageAsync(timeout: Patience, cancellationToken: Token);
        Assert.Equal("you@example.com", message.From);
        Assert.Equal(["a@example.net", "b@example.net"], message.To);
        Assert.Equal(BodyType.EightBitMime, message.BodyType);
        Assert.EndsWith(" +0000\r\n" + Gateway.Text + "Grüße\r\n", message.Text, StringComparison.Ordinal);
        Assert.Equal("Received", message.Headers[0].Key);
        Assert.Matches(@"^from \S+ \(\[127\.0\.0\.1\]\)\tby gateway\.example\.com with ESMTP;\t", message.Headers[0].Value);
    }

    [Fact]
    public async Task The_next_servers_words_are_the_answer()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port);
        next.On(SmtpTestStep.Recipient).Once().Refuse(550, "5.1.1 No such user\nAsk the postmaster");
        Assert.Equal(["550 5.1.1 No such user / 5.1.1 Ask the postmaster"], await gateway.SendAsync());
        next.On(SmtpTestStep.Commit).Once().Refuse(452, "4.3.1 Disk full");
        Assert.Equal(["452 4.3.1 Disk full"], await gateway.SendAsync());
        next.On(SmtpTestStep.Sender).Once().Refuse(553, "Not you");
        Assert.Equal(["553 5.0.0 Not you"], await gateway.SendAsync());

        // What closes the next server's connection does not close this one.
        next.On(SmtpTestStep.Commit).Once().Refuse(421, "4.3.2 Going down");
        Assert.Equal(["451 4.3.2 Going down"], await gateway.SendAsync());
        Assert.Equal(["250 2.0.0 Message accepted"], await gateway.SendAsync());
        Assert.Single(next.Messages);
    }

    [Theory]
    [InlineData(SmtpTestStep.Connect)]
    [InlineData(SmtpTestStep.Hello)]
    [InlineData(SmtpTestStep.Sender)]
    [InlineData(SmtpTestStep.Recipient)]
    [InlineData(SmtpTestStep.Data)]
    [InlineData(SmtpTestStep.Body)]
    [InlineData(SmtpTestStep.Commit)]
    [InlineData(SmtpTestStep.Committed)]
    public async Task A_connection_that_drops_is_never_a_250(SmtpTestStep step)
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port);
        next.On(step).Drop();
        string large = Gateway.Text + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 4000));
        Assert.StartsWith("451 ", Assert.Single(await gateway.SendAsync(large)), StringComparison.Ordinal);
        Assert.StartsWith("451 ", Assert.Single(await gateway.SendAsync()), StringComparison.Ordinal);
        Assert.Equal(step == SmtpTestStep.Committed ? 2 : 0, next.Messages.Count);
        next.Reset();
        Assert.Equal(["250 2.0.0 Message accepted"], await gateway.SendAsync());
    }

    [Fact]
    public async Task A_next_server_that_is_not_there_or_refuses_this_program_is_a_451()
    {
        await using (SmtpTestServer gone = SmtpTestServer.Start())
        {
            await gone.DisposeAsync();
            await using Gateway gateway = Gateway.Start(gone.Port);
            Assert.Equal(["451 4.3.0 Local error in processing, try again later"], await gateway.SendAsync());
        }

        await using SmtpTestServer next = SmtpTestServer.Start(o =>
        {
            o.Users["relay"] = "secret";
            o.RequireAuthentication = true;
        });
        await using Gateway wrong = Gateway.Start(0, next: new SmtpClientOptions
        {
            Host = next.Host,
            Port = next.Port,
            Tls = SmtpTlsMode.None,
            AllowPlaintextAuthentication = true,
            Credentials = new SmtpCredentials("relay", "wrong"),
        });

        // The next server's 535 is about this program's password and not the sender's.
        Assert.Equal(["451 4.3.0 Local error in processing, try again later"], await wrong.SendAsync());
    }

    [Fact]
    public async Task A_message_taken_for_some_only_is_refused_and_says_who_lacks_it()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port);
        next.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "bad@example.net").Refuse(550, "5.1.1 No such user");
        next.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "later@example.net").Refuse(451, "4.7.1 Greylisted");
        const string Refusal = "554 5.0.0 1 of 2 recipients have the message, not: / 5.0.0 ";
        Assert.All(await gateway.SendAsync(Gateway.Text, "good@example.net", "bad@example.net"), r => Assert.Equal(Refusal + "<bad@example.net>: 550 5.1.1 No such user", r));
        Assert.All(await gateway.SendAsync(Gateway.Text, "later@example.net", "good@example.net"), r => Assert.Equal(Refusal + "<later@example.net>: 451 4.7.1 Greylisted", r));
        Assert.All(next.Messages, message => Assert.Equal(["good@example.net"], message.To));
        Assert.Equal(2, next.Messages.Count);

        // Nobody has it: what may work later is tried again, what cannot is refused then.
        Assert.All(await gateway.SendAsync(Gateway.Text, "bad@example.net", "later@example.net"), r => Assert.Equal("451 4.7.1 Greylisted", r));
        Assert.Equal(2, next.Messages.Count);
    }

    [Fact]
    public async Task A_message_taken_for_some_only_is_tried_again_on_demand_where_that_helps()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port, client => new ForwardMessageSink(client) { Permits = (_, _) => true, RetryPartial = true });
        next.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "bad@example.net").Refuse(550, "5.1.1 No such user");
        next.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "later@example.net").Once().Refuse(451, "4.7.1 Greylisted");
        Assert.All(await gateway.SendAsync(Gateway.Text, "later@example.net", "good@example.net"), r => Assert.StartsWith("451 4.0.0 1 of 2 ", r, StringComparison.Ordinal));
        Assert.All(await gateway.SendAsync(Gateway.Text, "later@example.net", "good@example.net"), r => Assert.StartsWith("250 ", r, StringComparison.Ordinal));
        Assert.All(await gateway.SendAsync(Gateway.Text, "bad@example.net", "good@example.net"), r => Assert.StartsWith("554 5.0.0 1 of 2 ", r, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_LMTP_client_hears_of_each_recipient()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port, isLmtp: true);
        next.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "bad@example.net").Refuse(550, "5.1.1 No such user");
        Assert.Equal(["550 5.1.1 No such user", "250 2.0.0 Message accepted"], await gateway.SendAsync(Gateway.Text, "bad@example.net", "good@example.net"));

        // What is known when the connection breaks is told.
        next.On(SmtpTestStep.Commit).Once().Drop();
        string[] replies = await gateway.SendAsync(Gateway.Text, "bad@example.net", "good@example.net");
        Assert.Equal(["550 5.1.1 No such user", "451 4.4.2 The next server broke off; send the message again"], replies);
        next.On(SmtpTestStep.Hello).Drop();
        Assert.All(await gateway.SendAsync(Gateway.Text, "bad@example.net", "good@example.net"), r => Assert.StartsWith("451 ", r, StringComparison.Ordinal));
        Assert.Single(next.Messages);
    }

    [Fact]
    public async Task A_message_that_does_not_come_to_its_end_is_not_sent()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port);
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(gateway.EndPoint, Token);
            NetworkStream stream = socket.GetStream();
            using var reader = new StreamReader(stream, leaveOpen: true);
            foreach (string line in (string[])["HELO x", "MAIL FROM:<you@example.com>", "RCPT TO:<friend@example.net>", "DATA"])
            {
                await reader.ReadLineAsync(Token);
                await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), Token);
            }

            Assert.StartsWith("354 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Gateway.Text, 2000))), Token);
            await UntilAsync(() => next.Transcript.Any(line => line.Contains("C: DATA", StringComparison.Ordinal)));
        }

        // The message is gone, and so are both connections.
        await UntilAsync(() => next.ConnectionCount == 0 && gateway.Server.ConnectionCount == 0);
        Assert.Empty(next.Messages);

        // A message that turns out to be bad at its end.
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(gateway.EndPoint, Token);
            NetworkStream stream = socket.GetStream();
            await stream.WriteAsync("EHLO x\r\nMAIL FROM:<you@example.com>\r\nRCPT TO:<friend@example.net>\r\nDATA\r\nSubject: x\r\n\r\nlone\n.\r\n.\r\nQUIT\r\n"u8.ToArray(), Token);
            using var reader = new StreamReader(stream);
            Assert.Contains("550 5.6.0 ", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
        }

        Assert.Empty(next.Messages);
        Assert.Equal(["250 2.0.0 Message accepted"], await gateway.SendAsync());
        Assert.Single(next.Messages);
    }

    [Fact]
    public async Task A_slow_next_server_holds_the_sender_back()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        var mayConnect = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var probe = new Probe();
        await using Gateway gateway = Gateway.Start(
            0,
            client => probe.Around(Gateway.Open(client)),
            next: new SmtpClientOptions
            {
                Host = next.Host,
                Port = next.Port,
                Tls = SmtpTlsMode.None,
                ConnectCallback = async (context, token) =>
                {
                    await mayConnect.Task.WaitAsync(token);
                    var socket = new TcpClient();
                    await socket.ConnectAsync(next.EndPoint, token);
                    return socket.GetStream();
                },
            });
        string large = Gateway.Text + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 100_000));
        Task<string[]> sending = gateway.SendAsync(large);
        await probe.HeldBack.WaitAsync(Patience, Token);

        // The piece that waits, and what went before it.
        Assert.InRange(probe.Octets, 1, 64 * 1024 + probe.LargestPiece);
        mayConnect.SetResult();
        Assert.Equal(["250 2.0.0 Message accepted"], await sending);
        Assert.EndsWith(large, Assert.Single(next.Messages).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_stops_for_good_waits_for_no_next_server()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource<SmtpReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var next = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = new BufferedMessageSink(async (_, _, _, _) =>
            {
                asked.SetResult();
                return await never.Task;
            }),
            Timeouts = new SmtpServerTimeouts { ShutdownGrace = TimeSpan.Zero },
        });
        next.Start();
        await using Gateway gateway = Gateway.Start(((IPEndPoint)next.EndPoints[0]).Port);
        Task<string[]> sending = gateway.SendAsync();
        await asked.Task.WaitAsync(Patience, Token);
        await gateway.Server.StopAsync(Token).WaitAsync(Patience, Token);
        Assert.StartsWith("451 ", Assert.Single(await sending), StringComparison.Ordinal);
        never.SetResult(Replies.MessageAccepted);
    }

    [Theory]
    [InlineData(100, "250 2.0.0 Message accepted")]
    [InlineData(101, "554 5.4.6 Too many hops: the message goes in circles")]
    public async Task A_message_that_goes_in_circles_is_refused(int hops, string reply)
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port);
        string received = string.Concat(Enumerable.Range(0, hops).Select(i => $"reCEIVED: from a\r\n by b; {i}\r\n"));
        Assert.Equal([reply], await gateway.SendAsync(received + Gateway.Text + "Received: from the body\r\n"));
        Assert.Equal(hops > 100 ? 0 : 1, next.Messages.Count);
    }

    [Fact]
    public async Task Nobody_relays_without_permission()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway closed = Gateway.Start(next.Port, client => new ForwardMessageSink(client));
        Assert.Equal(["550 5.7.1 Relaying denied"], await closed.SendAsync());
        await using Gateway some = Gateway.Start(
            next.Port, client => new ForwardMessageSink(client) { Permits = (_, envelope) => envelope.CopyForwardPaths().All(path => path.ToString().EndsWith("@example.net", StringComparison.Ordinal)) });
        Assert.Equal(["250 2.0.0 Message accepted"], await some.SendAsync());
        Assert.All(await some.SendAsync(Gateway.Text, "a@example.net", "b@example.org"), r => Assert.Equal("550 5.7.1 Relaying denied", r));
        Assert.Single(next.Messages);
    }

    [Fact]
    public async Task What_the_next_server_lacks_is_not_offered_or_refused()
    {
        await using SmtpTestServer next = SmtpTestServer.Start(o => o.Extensions &= ~(SmtpExtensions.EightBitMime | SmtpExtensions.SmtpUtf8));
        await using Gateway gateway = Gateway.Start(next.Port);
        Assert.Equal(["554 5.6.3 The content has 8-bit octets and the server does not offer 8BITMIME."], await gateway.SendAsync(Gateway.Text + "Grüße\r\n"));
        SmtpExtensions offered = await OfferedAsync(gateway);
        Assert.Equal(SmtpExtensions.None, offered & (SmtpExtensions.SmtpUtf8 | SmtpExtensions.BinaryMime | SmtpExtensions.Dsn | SmtpExtensions.RequireTls));
        await using Gateway claiming = Gateway.Start(
            next.Port, client => new ForwardMessageSink(client) { Permits = (_, _) => true, SupportedExtensions = SmtpExtensions.SmtpUtf8 | SmtpExtensions.Dsn });
        Assert.Equal(["554 5.6.7 The message needs SMTPUTF8, which the server does not offer."], await claiming.SendAsync(Gateway.Text, "grüße@example.net"));
        Assert.Empty(next.Messages);
    }

    [Fact]
    public async Task Wishes_for_notifications_go_on_and_a_claim_of_who_submitted_does_not()
    {
        // DSN is a sink's to honour, and the one of Smtp.Testing does not claim it.
        var seen = new TaskCompletionSource<(DsnReturn Return, string Id, DsnNotify Notify, string Original, int Submitter)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var next = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), AllowPlaintextAuthentication = true }],
            Authenticator = new PasswordListAuthenticator(new Dictionary<string, string> { ["relay"] = "secret" }),
            MessageSink = new BufferedMessageSink((_, envelope, _, _) =>
            {
                seen.SetResult((
                    envelope.Return,
                    Encoding.ASCII.GetString(envelope.EnvelopeId.Span),
                    envelope[0].Notify,
                    Encoding.ASCII.GetString(envelope[0].OriginalRecipient.Span),
                    envelope.Submitter.Length));
                return new(Replies.MessageAccepted);
            })
            {
                SupportedExtensions = SmtpExtensions.Dsn,
            },
        });
        next.Start();
        await using Gateway gateway = Gateway.Start(
            ((IPEndPoint)next.EndPoints[0]).Port, client => new ForwardMessageSink(client) { Permits = (_, _) => true, SupportedExtensions = SmtpExtensions.Dsn });
        using var socket = new TcpClient();
        await socket.ConnectAsync(gateway.EndPoint, Token);
        await socket.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"EHLO x\r\nMAIL FROM:<you@example.com> RET=HDRS ENVID=QQ1\r\nRCPT TO:<friend@example.net> NOTIFY=DELAY ORCPT=rfc822;f@example.net\r\nDATA\r\n{Gateway.Text}.\r\nQUIT\r\n"), Token);
        using var reader = new StreamReader(socket.GetStream());
        Assert.Contains("250 2.0.0 Message accepted", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
        Assert.Equal((DsnReturn.Headers, "QQ1", DsnNotify.Delay, "rfc822;f@example.net", 0), await seen.Task.WaitAsync(Patience, Token));
    }

    private static async Task<SmtpExtensions> OfferedAsync(Gateway gateway)
    {
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = "127.0.0.1", Port = gateway.EndPoint.Port, Tls = SmtpTlsMode.None }, Token);
        return connection.Peer.Extensions;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        while (!condition())
        {
            await Task.Delay(5, patience.Token);
        }
    }

    /// <summary>Sees when a sink's writer takes no more for now.</summary>
    private sealed class Probe
    {
        private readonly TaskCompletionSource _heldBack = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task HeldBack => _heldBack.Task;

        internal int Octets { get; private set; }

        internal int LargestPiece { get; private set; }

        internal IMessageSink Around(IMessageSink inner) => new Sink(this, inner);

        private sealed class Sink(Probe probe, IMessageSink inner) : IMessageSink
        {
            public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
                MessageOpening.Accept(new Writer(probe, (await inner.OpenAsync(session, envelope, cancellationToken)).Writer!));
        }

        private sealed class Writer(Probe probe, IMessageWriter inner) : IMessageWriter
        {
            public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
            {
                ValueTask writing = inner.WriteAsync(chunk, cancellationToken);
                if (!probe.HeldBack.IsCompleted)
                {
                    probe.Octets += chunk.Length;
                    probe.LargestPiece = Math.Max(probe.LargestPiece, chunk.Length);
                    if (!writing.IsCompleted)
                    {
                        probe._heldBack.SetResult();
                    }
                }

                await writing;
            }

            public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) => inner.CommitAsync(cancellationToken);

            public ValueTask AbortAsync() => inner.AbortAsync();
        }
    }
}
