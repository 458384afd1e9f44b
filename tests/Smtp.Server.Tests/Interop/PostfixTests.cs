using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Smtp.Core;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Postfix, which hands to us what it cannot deliver itself: over SMTP as a smart host, over LMTP as a mail store.</summary>
[Trait("Category", "Interop")]
public sealed class PostfixTests
{
    private static readonly SmtpReply NoSuchUser = SmtpReply.Create(550, new EnhancedStatus(5, 1, 1), "No such user here");

    [Fact]
    public async Task Relays_over_TLS_what_it_was_given()
    {
        await using var server = InteropServer.Start();
        await using PostfixInstance postfix = await StartAsync(server.Port, "smtp_tls_security_level = encrypt");
        foreach (string letter in Letters.Names.Select(row => row.Data))
        {
            byte[] content = Letters.WithWholeLines(Letters.Get(letter));
            await SubmitAsync(postfix, content, "MAIL FROM:<a@example.com> BODY=8BITMIME", "RCPT TO:<b@example.net>", "RCPT TO:<c@example.net>");
            RecordedMessage message = await server.Sink.NextEndedAsync();
            message.AssertEnded(committed: true);
            Assert.Equal(SslProtocols.Tls13, message.TlsProtocol);
            Assert.Equal("mx.example.test", message.HelloName);
            Assert.Equal("a@example.com", message.Sender);
            Assert.Equal(["b@example.net", "c@example.net"], message.Recipients);
            Assert.Equal(BodyType.EightBitMime, message.Body);
            AssertSame(content, message);
        }
    }

    [Fact]
    public async Task Relays_UTF8_addresses_and_all_of_DSN()
    {
        await using var server = InteropServer.Start();
        await using PostfixInstance postfix = await StartAsync(server.Port, "smtp_tls_security_level = may");
        string sender = Encoding.Latin1.GetString("MAIL FROM:<jürgen@example.com> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=QQ+2B314159"u8);
        string recipient = Encoding.Latin1.GetString("RCPT TO:<用户@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2B@example.org"u8);
        byte[] content = [.. "From: j\u00fcrgen@example.com\r\nSubject: Gr\u00fc\u00dfe\r\n\r\n\u6587\r\n"u8];
        await SubmitAsync(postfix, content, sender, recipient, "RCPT TO:<d@example.net> NOTIFY=NEVER");
        RecordedMessage message = await server.Sink.NextEndedAsync();
        message.AssertEnded(committed: true);
        Assert.True(message.SmtpUtf8);
        Assert.Equal("jürgen@example.com", message.Sender);

        // Postfix sorts.
        Assert.Equal(["d@example.net", "用户@example.net"], message.Recipients);
        Assert.Equal([DsnNotify.Never, DsnNotify.Success | DsnNotify.Delay], message.Notify);
        Assert.Equal("rfc822;first+2B@example.org", message.OriginalRecipients[1]);
        Assert.Equal(DsnReturn.Headers, message.Return);
        Assert.Equal("QQ+2B314159", message.EnvelopeId);
        AssertSame(content, message);
    }

    [Fact]
    public async Task Relays_many_messages_over_few_connections()
    {
        await using var server = InteropServer.Start();
        await using PostfixInstance postfix = await StartAsync(server.Port, "smtp_connection_cache_on_demand = yes");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            SubmitAsync(postfix, Encoding.ASCII.GetBytes($"Subject: {i}\r\n\r\nnumber {i}.\r\n"), $"MAIL FROM:<a{i}@example.com>", $"RCPT TO:<b{i}@example.net>")));
        for (int i = 0; i < 40; i++)
        {
            (await server.Sink.NextEndedAsync()).AssertEnded(committed: true);
        }

        Assert.Equal(
            Enumerable.Range(0, 40).Select(i => $"a{i}@example.com b{i}@example.net number {i}.").Order(StringComparer.Ordinal),
            server.Sink.Messages.Select(m => $"{m.Sender} {m.Recipients.Single()} {m.Text.TrimEnd().Split("\r\n")[^1]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Tells_the_sender_whom_we_refused_in_our_words()
    {
        await using var server = InteropServer.Start(new ScriptedPolicy
        {
            OnRecipient = (recipient, _) => ValueTask.FromResult(recipient.ForwardPath.LocalPart.StartsWith("nobody"u8) ? NoSuchUser : default),
        });
        await using PostfixInstance postfix = await StartAsync(server.Port);
        await SubmitAsync(postfix, "Subject: x\r\n\r\nx\r\n"u8.ToArray(), "MAIL FROM:<known@example.test>", "RCPT TO:<nobody@example.net>", "RCPT TO:<b@example.net>");
        RecordedMessage message = await server.Sink.NextEndedAsync();
        message.AssertEnded(committed: true);
        Assert.Equal(["b@example.net"], message.Recipients);
        string bounce = Encoding.Latin1.GetString((await postfix.ReadMailboxAsync("known", 1, TestContext.Current.CancellationToken).Guarded())[0]);
        Assert.Contains("Final-Recipient: rfc822; nobody@example.net", bounce, StringComparison.Ordinal);
        Assert.Contains("Status: 5.1.1", bounce, StringComparison.Ordinal);
        Assert.Contains("Diagnostic-Code: smtp; 550 5.1.1 No such user here", bounce, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tells_the_sender_that_a_body_was_refused()
    {
        await using var server = InteropServer.Start(messages: new BufferedMessageSink((_, _, _, _) =>
            ValueTask.FromResult(SmtpReply.Create(554, new EnhancedStatus(5, 7, 1), "Not wanted here"))));
        await using PostfixInstance postfix = await StartAsync(server.Port);
        await SubmitAsync(postfix, Letters.Get("dots"), "MAIL FROM:<known@example.test>", "RCPT TO:<b@example.net>");
        string bounce = Encoding.Latin1.GetString((await postfix.ReadMailboxAsync("known", 1, TestContext.Current.CancellationToken).Guarded())[0]);
        Assert.Contains("Diagnostic-Code: smtp; 554 5.7.1 Not wanted here", bounce, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Delivers_over_LMTP_and_hears_of_each_recipient(bool overUnixSocket)
    {
        using var folder = new TemporaryFolder();
        EndPoint endPoint = overUnixSocket ? new UnixDomainSocketEndPoint(folder["lmtp"]) : new IPEndPoint(IPAddress.Loopback, 0);
        var sink = new FullMailboxSink();
        await using var server = InteropServer.Start(messages: sink, listeners: new SmtpListenerOptions { EndPoint = endPoint, Lmtp = true });
        if (overUnixSocket)
        {
            // Postfix connects as its own user.
            folder.Share("lmtp");
        }

        await using PostfixInstance postfix = await PostfixInstance.StartAsync(
            Assert.Skip, overUnixSocket ? $"lmtp:unix:{folder["lmtp"]}" : $"lmtp:inet:127.0.0.1:{server.Port}", "lmtp_destination_recipient_limit = 10");
        byte[] content = Letters.WithWholeLines(Letters.Get("dots"));
        await SubmitAsync(postfix, content, "MAIL FROM:<known@example.test>", "RCPT TO:<b@example.net>", "RCPT TO:<full@example.net>", "RCPT TO:<c@example.net>");
        string bounce = Encoding.Latin1.GetString((await postfix.ReadMailboxAsync("known", 1, TestContext.Current.CancellationToken).Guarded())[0]);
        Assert.Contains("Final-Recipient: rfc822; full@example.net", bounce, StringComparison.Ordinal);
        Assert.Contains("552 5.2.2 Mailbox full", bounce, StringComparison.Ordinal);
        Assert.DoesNotContain("Final-Recipient: rfc822; b@example.net", bounce, StringComparison.Ordinal);
        Assert.DoesNotContain("Final-Recipient: rfc822; c@example.net", bounce, StringComparison.Ordinal);
        Assert.EndsWith(Encoding.Latin1.GetString(content), Encoding.Latin1.GetString(Assert.Single(sink.Stored)), StringComparison.Ordinal);
    }

    private static Task<PostfixInstance> StartAsync(int port, params string[] settings) =>
        PostfixInstance.StartAsync(Assert.Skip, $"smtp:[127.0.0.1]:{port}", settings);

    private static async Task SubmitAsync(PostfixInstance postfix, byte[] content, params string[] envelope)
    {
        await using TestClient client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, postfix.Port));
        await client.GreetAsync();
        foreach (string command in envelope)
        {
            await client.SayAsync(command, "250 ");
        }

        await client.SayAsync("DATA", "354 ");
        string stuffed = Encoding.Latin1.GetString(content).Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        await client.SendAsync(stuffed + (stuffed.EndsWith("\r\n", StringComparison.Ordinal) ? ".\r\n" : "\r\n.\r\n"));
        await client.ExpectAsync("250 ");
        await client.SayAsync("QUIT", "221 ");
    }

    /// <summary>Asserts that what came is what was submitted, behind the Received field that Postfix put in front.</summary>
    private static void AssertSame(byte[] content, RecordedMessage message)
    {
        Assert.StartsWith("Received: from ", message.Text, StringComparison.Ordinal);
        Assert.True(message.Content.AsSpan().EndsWith(content), "What arrived is not what was sent.");
    }

    /// <summary>A store in which the mailbox "full" is full.</summary>
    private sealed class FullMailboxSink : IMessageSink
    {
        internal List<byte[]> Stored { get; } = [];

        public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
            ValueTask.FromResult(MessageOpening.Accept(new Writer(this, envelope)));

        private sealed class Writer(FullMailboxSink sink, Envelope envelope) : ILmtpMessageWriter
        {
            private readonly ArrayBufferWriter<byte> _content = new();

            public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
            {
                _content.Write(chunk.Span);
                return default;
            }

            public ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
            {
                for (int i = 0; i < replies.Length; i++)
                {
                    replies.Span[i] = envelope[i].ForwardPath.LocalPart.SequenceEqual("full"u8)
                        ? SmtpReply.Create(552, new EnhancedStatus(5, 2, 2), "Mailbox full")
                        : Replies.MessageAccepted;
                }

                lock (sink.Stored)
                {
                    sink.Stored.Add(_content.WrittenSpan.ToArray());
                }

                return default;
            }

            public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("LMTP commits for each recipient.");

            public ValueTask AbortAsync() => default;
        }
    }
}
