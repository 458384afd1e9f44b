using System.Net;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>LMTP listeners (RFC 2033). The protocol's dialogues are in the core's rfc2033-lmtp.txt; here it is about the sink.</summary>
public sealed class LmtpTests
{
    private static readonly SmtpReply MailboxFull = SmtpReply.Create(452, new EnhancedStatus(4, 2, 2), "Mailbox full");

    [Fact]
    public async Task A_writer_with_a_verdict_for_each_recipient_is_asked_for_them()
    {
        var sink = new VerdictSink(replies =>
        {
            replies.Span[1] = MailboxFull;
            return ValueTask.CompletedTask;
        });
        await using TestServer server = Start(sink);
        await using TestClient client = await GreetAsync(server);
        await SendAsync(client, chunked: false);
        await client.ExpectAsync("250 2.0.0");
        await client.ExpectAsync("452 4.2.2 Mailbox full");
        await client.ExpectAsync("250 2.0.0");
        await SendAsync(client, chunked: true);
        await client.ExpectAsync("250 2.0.0");
        await client.ExpectAsync("452 4.2.2 Mailbox full");
        await client.ExpectAsync("250 2.0.0");
        await client.SayAsync("QUIT", "221 ");
        Assert.Equal(2, sink.Commits);
        Assert.Equal(0, sink.Aborts);
    }

    [Fact]
    public async Task A_writer_without_has_its_one_verdict_said_for_each()
    {
        var sink = new RecordingSink { OnCommit = (_, _) => ValueTask.FromResult(MailboxFull) };
        await using TestServer server = Start(sink);
        await using TestClient client = await GreetAsync(server);
        await SendAsync(client, chunked: false);
        for (int i = 0; i < 3; i++)
        {
            await client.ExpectAsync("452 4.2.2 Mailbox full");
        }

        await client.SayAsync("NOOP", "250 ");
        Assert.Single(sink.Messages).AssertEnded(committed: true);
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("throws later")]
    [InlineData("intermediate")]
    [InlineData("says nothing of one")]
    public async Task A_writer_that_fails_fails_for_all(string how)
    {
        var sink = new VerdictSink(async replies =>
        {
            if (how == "intermediate")
            {
                replies.Span[0] = SmtpReply.Create(354, "go on");
                return;
            }

            if (how == "says nothing of one")
            {
                replies.Span[1] = default;
                return;
            }

            if (how == "throws later")
            {
                await Task.Yield();
            }

            throw new InvalidOperationException("disk");
        });
        await using TestServer server = Start(sink);
        await using TestClient client = await GreetAsync(server);
        await SendAsync(client, chunked: false);
        for (int i = 0; i < 3; i++)
        {
            await client.ExpectAsync("451 4.3.0");
        }

        await client.SayAsync("NOOP", "250 ");
        Assert.Equal(1, sink.Commits);
        Assert.Equal(0, sink.Aborts);
        Assert.Contains(server.Logs.Entries, e => e.EventId == 20);
    }

    [Fact]
    public async Task A_client_that_goes_in_the_body_aborts_the_writer()
    {
        var sink = new VerdictSink(_ => ValueTask.CompletedTask);
        await using TestServer server = Start(sink);
        TestClient client = await GreetAsync(server);
        await client.StartDataAsync();
        await client.SendAsync("half a li");
        client.Reset();
        await client.DisposeAsync();
        await server.UntilEmptyAsync();
        Assert.Equal(0, sink.Commits);
        Assert.Equal(1, sink.Aborts);
    }

    [Fact]
    public async Task On_an_SMTP_listener_the_same_writer_gives_one_verdict()
    {
        var sink = new VerdictSink(_ => throw new InvalidOperationException("no LMTP here"));
        await using var server = TestServer.Start(messages: sink);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await SendAsync(client, chunked: false);
        await client.ExpectAsync("250 2.0.0");
        await client.SayAsync("NOOP", "250 ");
        Assert.Equal(1, sink.Commits);
    }

    private static TestServer Start(IMessageSink sink) => TestServer.Start(
        messages: sink, listeners: new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Lmtp = true });

    private static async Task<TestClient> GreetAsync(TestServer server)
    {
        TestClient client = await server.ConnectSocketAsync();
        await client.ExpectAsync("220 mail.example.com LMTP");
        await client.SayAsync("EHLO client.example.com", "500 5.5.1");
        await client.SayAsync("LHLO client.example.com", "250-");
        return client;
    }

    private static async Task SendAsync(TestClient client, bool chunked)
    {
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        foreach (string recipient in (string[])["b@example.net", "c@example.net", "d@example.net"])
        {
            await client.SayAsync($"RCPT TO:<{recipient}>", "250 ");
        }

        if (chunked)
        {
            await client.SendAsync("BDAT 3 LAST\r\nx\r\n");
        }
        else
        {
            await client.SayAsync("DATA", "354 ");
            await client.SendAsync("x\r\n.\r\n");
        }
    }

    private sealed class VerdictSink(Func<Memory<SmtpReply>, ValueTask> commit) : IMessageSink
    {
        private int _commits;
        private int _aborts;

        internal int Commits => Volatile.Read(ref _commits);

        internal int Aborts => Volatile.Read(ref _aborts);

        public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
            ValueTask.FromResult(MessageOpening.Accept(new Writer(this, commit)));

        private sealed class Writer(VerdictSink sink, Func<Memory<SmtpReply>, ValueTask> commit) : ILmtpMessageWriter
        {
            public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => default;

            public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
            {
                Interlocked.Increment(ref sink._commits);
                return ValueTask.FromResult(Replies.MessageAccepted);
            }

            public ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
            {
                Interlocked.Increment(ref sink._commits);
                replies.Span.Fill(Replies.MessageAccepted);
                return commit(replies);
            }

            public ValueTask AbortAsync()
            {
                Interlocked.Increment(ref sink._aborts);
                return default;
            }
        }
    }
}
