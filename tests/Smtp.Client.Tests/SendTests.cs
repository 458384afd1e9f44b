using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Smtp.Client.Tests;

/// <summary>Messages over a connection in memory.</summary>
public sealed class SendTests
{
    private const string Flight = """
        C: MAIL FROM:<a@c.test>
        C: RCPT TO:<b@d.test>
        C: DATA
        S: 250 OK
        S: 250 OK
        S: 354 go
        <body>
        S: 250 2.0.0 queued
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_arrives_as_it_was_given()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        byte[] content = "Subject: x\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n"u8.ToArray();
        SendResult result = await connection.SendAsync(Flight, TestConnection.Message(content));
        Assert.True(result.IsAccepted);
        Assert.Equal("250 2.0.0 queued", result.Recipients[0].Reply.ToString());
        Assert.Equal(("mx.test", 25), (result.Host, result.Port));
        Assert.Null(result.Tls);
        Assert.Equal(content, Assert.Single(connection.Peer.Bodies));
        Assert.True(connection.Client.IsUsable);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("x", "x\r\n")]
    [InlineData("x\r\n", "x\r\n")]
    [InlineData(".", ".\r\n")]
    [InlineData("a\nb", "a\r\nb\r\n")]
    [InlineData("a\rb\r\n", "a\r\nb\r\n")]
    [InlineData("a\n.\nRSET\n", "a\r\n.\r\nRSET\r\n")]
    [InlineData("a\r\n.\r", "a\r\n.\r\n")]
    [InlineData("a\r\n.\r\r\nb", "a\r\n.\r\n\r\nb\r\n")]
    public async Task Content_becomes_lines(string content, string arrives)
    {
        foreach (Func<byte[], MessageContent> kind in Kinds())
        {
            await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
            Assert.True((await connection.SendAsync(Flight, TestConnection.Message(kind(Encoding.ASCII.GetBytes(content))))).IsAccepted);
            Assert.Equal(arrives, Encoding.ASCII.GetString(connection.Peer.Bodies[0]));
        }
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public async Task Large_content_is_streamed_from_every_kind_of_source(int length)
    {
        byte[] content = Text(length);
        foreach (Func<byte[], MessageContent> kind in Kinds())
        {
            await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
            Assert.True((await connection.SendAsync(Flight, TestConnection.Message(kind(content)))).IsAccepted);
            Assert.True(content.AsSpan().SequenceEqual(connection.Peer.Bodies[0]));
        }
    }

    [Fact]
    public async Task Messages_follow_each_other_on_one_connection()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        var result = new SendResult();
        for (int i = 0; i < 3; i++)
        {
            Task script = connection.Peer.RunAsync(Flight);
            Assert.Same(result, await connection.Client.SendAsync(TestConnection.Message(Text(100)), result, Token));
            await script;
            Assert.True(result.IsAccepted);
        }

        Assert.Equal(3, connection.Peer.Bodies.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Some_recipients_refused_are_told_one_by_one(bool pipelining)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync(pipelining ? "PIPELINING" : "HELP");
        string script = pipelining
            ? """
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<e@f.test>
            C: RCPT TO:<g@h.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 550 5.1.1 no such user
            S: 452 4.2.2 full
            S: 354 go
            <body>
            S: 250 OK
            """
            : """
            C: MAIL FROM:<a@c.test>
            S: 250 OK
            C: RCPT TO:<b@d.test>
            S: 250 OK
            C: RCPT TO:<e@f.test>
            S: 550 5.1.1 no such user
            C: RCPT TO:<g@h.test>
            S: 452 4.2.2 full
            C: DATA
            S: 354 go
            <body>
            S: 250 OK
            """;
        SendResult result = await connection.SendAsync(script, TestConnection.Message(Text(10), "b@d.test", "e@f.test", "g@h.test"));
        Assert.False(result.IsAccepted);
        Assert.Equal(
            [DeliveryOutcome.Accepted, DeliveryOutcome.PermanentFailure, DeliveryOutcome.TransientFailure],
            result.Recipients.Select(r => r.Outcome));
        Assert.Equal(new EnhancedStatus(5, 1, 1), result.Recipients[1].Status);
        Assert.Equal(SmtpStage.Recipient, result.Recipients[2].Stage);
        Assert.True(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_refusal_in_the_middle_of_a_large_body_is_heard_and_ends_the_connection()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");

        // More than the pipe holds, to a peer that reads none of it: only the early reply can end this.
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(MessageContent.FromStream(new EndlessStream())), Token).AsTask();
        await connection.Peer.RunAsync("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 354 go
            """);
        await connection.Peer.SayAsync("552 5.3.4 enough\r\n");
        Task<string> rest = connection.Peer.ReadToEndAsync();
        SendResult result = await send;
        Assert.Equal("<b@d.test> PermanentFailure at Body: 552 5.3.4 enough", result.Recipients[0].ToString());
        Assert.False(connection.Client.IsUsable);
        Assert.DoesNotContain("\r\n.\r\n", await rest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<close>", TransportFailure.ConnectionLost, false, DeliveryOutcome.TransientFailure, SmtpStage.Mail)]
    [InlineData("S: 250 OK\nS: 250 OK\n<close>", TransportFailure.ConnectionLost, false, DeliveryOutcome.TransientFailure, SmtpStage.Data)]
    [InlineData("S: 250 OK\nS: 250 OK\nS: 354 go\n<body>\n<close>", TransportFailure.ConnectionLost, true, DeliveryOutcome.Uncertain, SmtpStage.FinalReply)]
    public async Task A_lost_connection_tells_what_is_known(
        string script, TransportFailure failure, bool mayBeCommitted, DeliveryOutcome outcome, SmtpStage stage)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        Task peer = connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\n" + script);
        SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(
            async () => await connection.Client.SendAsync(TestConnection.Message(Text(100)), Token));
        await peer;
        Assert.Equal(failure, error.Failure);
        Assert.Equal(("mx.test", 25, stage), (error.Host, error.Port, error.Stage));
        Assert.Contains("mx.test:25", error.Message, StringComparison.Ordinal);
        Assert.Equal(mayBeCommitted, error.MayHaveBeenCommitted);
        Assert.Equal(outcome, error.Result!.Recipients[0].Outcome);
        Assert.False(connection.Client.IsUsable);
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await connection.Client.SendAsync(TestConnection.Message(Text(100)), Token));
    }

    [Fact]
    public async Task A_421_while_idle_is_a_result_and_nothing_was_sent()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        await connection.Peer.RunAsync("S: 421 4.4.2 idle\n<close>");
        SendResult result = await connection.Client.SendAsync(TestConnection.Message(Text(100)), Token);
        Assert.Equal(DeliveryOutcome.TransientFailure, result.Recipients[0].Outcome);
        Assert.Equal(421, result.Recipients[0].Reply.Code);
        Assert.False(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_broken_protocol_is_named()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        Task peer = connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 354 too early");
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(
            async () => await connection.Client.SendAsync(TestConnection.Message(Text(100)), Token));
        await peer;
        Assert.Equal(PeerViolation.UnexpectedCode, error.Violation);
        Assert.Contains($"({error.Violation}): {error.Reply}", error.Message, StringComparison.Ordinal);
        Assert.Equal(SmtpStage.Recipient, error.Stage);
        Assert.Equal("354 too early", error.Reply.ToString());
        Assert.Equal(DeliveryOutcome.TransientFailure, error.Result!.Recipients[0].Outcome);
    }

    [Fact]
    public async Task Bare_line_endings_in_memory_are_refused_before_anything_is_sent()
    {
        await using TestConnection connection =
            await TestConnection.ConnectAsync(TestConnection.Options(BareLineEndingPolicy.Reject), "PIPELINING");
        foreach (string bad in (string[])["a\nb\r\n", "a\rb\r\n", "a\r\n\r"])
        {
            SendResult refused = await connection.Client.SendAsync(TestConnection.Message(Encoding.ASCII.GetBytes(bad)), Token);
            Assert.Equal(SendRefusal.BareLineEnding, refused.Recipients[0].Refusal);
        }

        Assert.True((await connection.SendAsync(Flight, TestConnection.Message("a\r\nb\r\n"u8.ToArray()))).IsAccepted);
    }

    [Theory]
    [InlineData("a\nb\r\n")]
    [InlineData("a\r\nb\r")]
    public async Task Bare_line_endings_in_a_stream_break_the_connection_off(string bad)
    {
        await using TestConnection connection =
            await TestConnection.ConnectAsync(TestConnection.Options(BareLineEndingPolicy.Reject), "PIPELINING");
        Task peer = connection.Peer.RunAsync(Flight[..Flight.IndexOf("<body>", StringComparison.Ordinal)]);
        SendResult result = await connection.Client.SendAsync(
            TestConnection.Message(MessageContent.FromStream(new MemoryStream(Encoding.ASCII.GetBytes(bad)))), Token);
        await peer;
        Assert.Equal(SendRefusal.BareLineEnding, result.Recipients[0].Refusal);
        Assert.Equal(SmtpStage.Body, result.Recipients[0].Stage);
        Assert.False(connection.Client.IsUsable);
        Assert.DoesNotContain("\r\n.\r\n", await connection.Peer.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eight_bit_content_is_declared_where_it_may_be()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "8BITMIME");
        byte[] content = "gr\u00fc\u00dfe\r\n"u8.ToArray();
        await connection.SendAsync(Flight.Replace("<a@c.test>", "<a@c.test> BODY=8BITMIME", StringComparison.Ordinal), TestConnection.Message(content));
        await connection.SendAsync(Flight, TestConnection.Message("hello\r\n"u8.ToArray()));
        Assert.Equal(content, connection.Peer.Bodies[0]);
    }

    [Theory]
    [InlineData("Subject: gr\u00fc\u00dfe\r\n\r\nx\r\n", true)]
    [InlineData("From: a\r\nSubject: x\r\n \u7528\u6237\r\n\r\nx\r\n", true)]
    [InlineData("Subject: \u00fc", true)]
    [InlineData("Subject: x\n\ngr\u00fc\u00dfe\r\n", false)]
    [InlineData("Subject: x\r\n\r\nSubject: gr\u00fc\u00dfe\r\n", false)]
    [InlineData("no header: gr\u00fc\u00dfe\r\n", false)]
    [InlineData("Subject: \u00fc\r\nnot a field\r\n", true)]
    public async Task A_header_in_UTF_8_asks_for_SMTPUTF8_and_goes_nowhere_without(string content, bool needs)
    {
        foreach (int segment in (int[])[int.MaxValue, 1, 7])
        {
            SmtpMessage message = TestConnection.Message(Segments.Of(Encoding.UTF8.GetBytes(content), segment));
            await using TestConnection with = await TestConnection.ConnectAsync("PIPELINING", "8BITMIME", "SMTPUTF8");
            string parameters = needs ? "<a@c.test> BODY=8BITMIME SMTPUTF8" : "<a@c.test> BODY=8BITMIME";
            Assert.True((await with.SendAsync(Flight.Replace("<a@c.test>", parameters, StringComparison.Ordinal), message)).IsAccepted);

            await using TestConnection without = await TestConnection.ConnectAsync("PIPELINING", "8BITMIME");
            if (needs)
            {
                SendResult refused = await without.Client.SendAsync(message, Token);
                Assert.Equal(SendRefusal.NeedsSmtpUtf8, refused.Recipients[0].Refusal);
                Assert.Equal(new EnhancedStatus(5, 6, 7), refused.Recipients[0].Status);
                Assert.True(without.Client.IsUsable);
            }
            else
            {
                Assert.True((await without.SendAsync(Flight.Replace("<a@c.test>", parameters, StringComparison.Ordinal), message)).IsAccepted);
            }
        }
    }

    [Fact]
    public async Task A_header_in_Latin_1_or_of_a_relays_is_passed_on_as_8_bit_content()
    {
        string flight = Flight.Replace("<a@c.test>", "<a@c.test> BODY=8BITMIME", StringComparison.Ordinal);
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "8BITMIME", "SMTPUTF8");
        byte[] latin = [.. "Subject: gr"u8, 0xFC, 0xDF, .. "e\r\n\r\n"u8];
        Assert.True((await connection.SendAsync(flight, TestConnection.Message(latin))).IsAccepted);
        Assert.Equal(latin, connection.Peer.Bodies[0]);
        var relay = new SmtpConnectionOptions { Host = "mx.test", LocalName = "client.test", Tls = SmtpTlsMode.None, DetectUtf8Headers = false };
        await using TestConnection relayed = await TestConnection.ConnectAsync(relay, "PIPELINING", "8BITMIME");
        Assert.True((await relayed.SendAsync(flight, TestConnection.Message("Subject: gr\u00fc\u00dfe\r\n\r\n"u8.ToArray()))).IsAccepted);
    }

    [Fact]
    public async Task Eight_bit_content_is_refused_where_it_may_not_be()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        byte[] content = [.. Text(200_000), 0xFC];
        SendResult refused = await connection.Client.SendAsync(TestConnection.Message(content), Token);
        Assert.Equal(SendRefusal.NeedsEightBitMime, refused.Recipients[0].Refusal);
        Assert.True(connection.Client.IsUsable);

        // Of a stream it is known only when it is read.
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(MessageContent.FromStream(new MemoryStream(content))), Token).AsTask();
        await connection.Peer.RunAsync(Flight[..Flight.IndexOf("<body>", StringComparison.Ordinal)]);
        Task<string> rest = connection.Peer.ReadToEndAsync();
        Assert.Equal(SendRefusal.NeedsEightBitMime, (await send).Recipients[0].Refusal);
        Assert.DoesNotContain("\u00fc", await rest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(101)]
    public async Task Content_that_is_not_as_long_as_announced_is_not_committed(int announced)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        Task peer = connection.Peer.RunAsync(Flight[..Flight.IndexOf("<body>", StringComparison.Ordinal)]);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.Client.SendAsync(
            TestConnection.Message(MessageContent.FromStream(new MemoryStream(Text(100)), announced)), Token));
        await peer;
        Assert.False(connection.Client.IsUsable);
        Assert.DoesNotContain("\r\n.\r\n", await connection.Peer.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_fails_fails_the_send_as_itself_and_commits_nothing()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("half a mess"u8.ToArray(), Token);
        await pipe.Writer.CompleteAsync(new FormatException("no more"));
        Task peer = connection.Peer.RunAsync(Flight[..Flight.IndexOf("<body>", StringComparison.Ordinal)]);
        var result = new SendResult();
        FormatException error = await Assert.ThrowsAsync<FormatException>(async () => await connection.Client.SendAsync(
            TestConnection.Message(MessageContent.FromPipe(pipe.Reader)), result, Token));
        await peer;
        Assert.Equal("no more", error.Message);
        Assert.Equal("<b@d.test> TransientFailure at Body", result.Recipients[0].ToString());
        Assert.False(connection.Client.IsUsable);
        Assert.Equal(string.Empty, await connection.Peer.ReadToEndAsync());
    }

    [Fact]
    public async Task A_cancelled_send_closes_the_connection()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        using var source = new CancellationTokenSource();
        var result = new SendResult();
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(Text(10)), result, source.Token).AsTask();
        await connection.Peer.RunAsync(Flight[..Flight.IndexOf("S: 250 2.0.0", StringComparison.Ordinal)]);
        await source.CancelAsync();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send);
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.True(result.MayHaveBeenCommitted);
        Assert.False(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_token_that_is_cancelled_already_touches_nothing()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await connection.Client.SendAsync(TestConnection.Message(Text(10)), new CancellationToken(canceled: true)));
        Assert.True(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_wrong_envelope_touches_nothing()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        await Assert.ThrowsAsync<ArgumentException>(async () => await connection.Client.SendAsync(new SmtpMessage(), Token));
        Assert.True((await connection.SendAsync(Flight, TestConnection.Message(Text(10)))).IsAccepted);
    }

    [Fact]
    public async Task Two_sends_at_once_are_misuse()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(Text(10)), Token).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await connection.Client.SendAsync(TestConnection.Message(Text(10)), Token));
        await connection.Peer.RunAsync(Flight);
        Assert.True((await send).IsAccepted);
    }

    [Fact]
    public async Task NOOP_RSET_and_QUIT()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync();
        Task peer = connection.Peer.RunAsync("C: NOOP\nS: 250 OK\nC: RSET\nS: 250 OK\nC: QUIT\nS: 221 bye\n<close>");
        await connection.Client.NoopAsync(Token);
        await connection.Client.ResetAsync(Token);
        await connection.Client.QuitAsync(Token);
        await peer;
        Assert.False(connection.Client.IsUsable);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await connection.Client.NoopAsync(Token));
    }

    private static IEnumerable<Func<byte[], MessageContent>> Kinds()
    {
        yield return content => content;
        yield return content => Segmented(content);
        yield return content => MessageContent.FromStream(new MemoryStream(content));
        yield return content => MessageContent.FromStream(new UnseekableStream(content));
        yield return content => MessageContent.FromPipe(PipeReader.Create(new MemoryStream(content)));
    }

    private static ReadOnlySequence<byte> Segmented(byte[] content)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 16));
        foreach (byte[] piece in content.Chunk(997))
        {
            pipe.Writer.Write(piece);
        }

        pipe.Writer.Complete();
        Assert.True(pipe.Reader.TryRead(out ReadResult result));
        return result.Buffer;
    }

    private static byte[] Text(int length)
    {
        var text = new StringBuilder();
        for (int i = 0; text.Length < length; i++)
        {
            text.Append(i % 7 == 0 ? "." : "").Append("line ").Append(i).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length - 2) + "\r\n");
    }

    private sealed class UnseekableStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            return new ValueTask<int>(buffer.Length);
        }
    }
}
