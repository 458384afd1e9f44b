using System.Text;

namespace Smtp.Client.Tests;

/// <summary>BDAT over a connection, and content from callbacks.</summary>
public sealed class ChunkingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Subject: x\r\n\r\n.dots\r\n..stay\r\n", "Subject: x\r\n\r\n.dots\r\n..stay\r\n")]
    [InlineData("no line end", "no line end\r\n")]
    [InlineData("", "")]
    public async Task A_small_text_goes_in_one_flight_without_dots_or_354(string content, string arrives)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "CHUNKING");
        Task<string> peer = ReadFlightAsync(connection, arrives.Length);
        ValueTask<SendResult> send = connection.Client.SendAsync(TestConnection.Message(Encoding.UTF8.GetBytes(content)), Token);
        Assert.Equal($"MAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nBDAT {arrives.Length} LAST\r\n{arrives}", await peer);
        await connection.Peer.SayAsync("250 OK\r\n250 OK\r\n250 done\r\n");
        Assert.True((await send).IsAccepted);
    }

    /// <summary>Empty pieces are nothing: the first of them was sent for ever.</summary>
    [Theory]
    [InlineData("", "x\r\n")]
    [InlineData("", "", "x\r", "", "\n", "")]
    [InlineData("x", "", "\r\n", "", "")]
    [InlineData("", "")]
    public async Task Empty_pieces_of_a_chunk_are_passed_over(params string[] pieces)
    {
        string arrives = string.Concat(pieces);
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "CHUNKING");
        Task<string> peer = ReadFlightAsync(connection, arrives.Length);
        var content = MessageContent.FromMemory(Segments.Of(pieces.Select(Encoding.ASCII.GetBytes)));
        Task<SendResult> send = Task.Run(() => connection.Client.SendAsync(TestConnection.Message(content), Token).AsTask(), Token);
        Assert.Equal(
            $"MAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nBDAT {arrives.Length} LAST\r\n{arrives}", await peer.WaitAsync(TimeSpan.FromSeconds(30), Token));
        await connection.Peer.SayAsync("250 OK\r\n250 OK\r\n250 done\r\n");
        Assert.True((await send).IsAccepted);
    }

    [Theory]
    [InlineData("lone\nfeed\r\n", true)]
    [InlineData("lone\rreturn\r\n", true)]
    [InlineData("return at the end\r", true)]
    [InlineData("text\r\n", false)]
    public async Task A_text_that_DATA_would_change_or_an_option_goes_by_DATA(string content, bool useChunking)
    {
        var options = new SmtpConnectionOptions { Host = "mx.test", LocalName = "client.test", Tls = SmtpTlsMode.None, UseChunking = useChunking };
        await using TestConnection connection = await TestConnection.ConnectAsync(options, "PIPELINING", "CHUNKING");
        SendResult result = await connection.SendAsync(
            "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 done",
            TestConnection.Message(Encoding.UTF8.GetBytes(content)));
        Assert.True(result.IsAccepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Binary_content_of_any_source_arrives_octet_by_octet(bool lengthKnown)
    {
        byte[] content = new byte[300_000];
        new Random(1).NextBytes(content);
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "CHUNKING", "BINARYMIME");
        Task<byte[]> peer = ReadBinaryAsync(connection);
        var message = TestConnection.Message(MessageContent.FromWriter(
            async (writer, token) =>
            {
                for (int i = 0; i < content.Length; i += 10_000)
                {
                    await writer.WriteAsync(content.AsMemory(i, 10_000), token);
                }
            },
            lengthKnown ? content.Length : null));
        message.Envelope.Body = BodyType.BinaryMime;
        SendResult result = await connection.Client.SendAsync(message, Token);
        Assert.True(result.IsAccepted, result.Recipients[0].ToString());
        Assert.Equal(content, await peer);
    }

    [Fact]
    public async Task A_refused_chunk_ends_the_message_and_its_source_and_not_the_connection()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "CHUNKING", "BINARYMIME");
        bool stopped = false;
        var message = TestConnection.Message(MessageContent.FromWriter(async (writer, token) =>
        {
            try
            {
                while (!(await writer.WriteAsync(new byte[10_000], token)).IsCompleted)
                {
                }
            }
            finally
            {
                stopped = true;
            }
        }));
        message.Envelope.Body = BodyType.BinaryMime;
        Task<SendResult> send = connection.Client.SendAsync(message, Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test> BODY=BINARYMIME\nC: RCPT TO:<b@d.test>\nS: 250 OK\nS: 250 OK");
        int chunks = 0;
        while (chunks < 8)
        {
            string line = (await connection.Peer.ReadLineAsync())!;
            await connection.Peer.ReadExactlyAsync(int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
            await connection.Peer.SayAsync(++chunks == 1 ? "552 5.3.4 too much\r\n" : "503 5.5.1 it is over\r\n");
            if (send.IsCompleted)
            {
                break;
            }

            await Task.WhenAny(send, connection.Peer.WaitForOctetsAsync());
            if (send.IsCompleted)
            {
                break;
            }
        }

        SendResult result = await send;
        Assert.Equal("<b@d.test> PermanentFailure at Body: 552 5.3.4 too much", result.Recipients[0].ToString());
        Assert.True(stopped);
        Assert.InRange(chunks, 1, 5);
        Assert.True(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_callback_is_called_each_time_and_its_failure_is_its_own()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        int calls = 0;
        MessageContent content = MessageContent.FromWriter(async (writer, token) =>
        {
            await writer.WriteAsync("Subject: x\r\n\r\n"u8.ToArray(), token);
            if (++calls == 3)
            {
                throw new FormatException("mine");
            }
        });
        Assert.True(content.IsReplayable);
        for (int i = 0; i < 2; i++)
        {
            SendResult result = await connection.SendAsync(
                "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 done",
                TestConnection.Message(content));
            Assert.True(result.IsAccepted);
            Assert.Equal("Subject: x\r\n\r\n"u8.ToArray(), connection.Peer.Bodies[i]);
        }

        var failed = new SendResult();
        Task<SendResult> send = connection.Client.SendAsync(TestConnection.Message(content), failed, Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go");
        await Assert.ThrowsAsync<FormatException>(() => send);
        Assert.False(failed.MayHaveBeenCommitted);
        Assert.False(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_callback_that_writes_more_than_it_announced_commits_nothing()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "CHUNKING", "BINARYMIME");
        var message = TestConnection.Message(MessageContent.FromWriter(
            async (writer, token) => await writer.WriteAsync("RSET\r\nMAIL FROM:<evil@x.test>\r\n"u8.ToArray(), token), 4));
        message.Envelope.Body = BodyType.BinaryMime;
        var result = new SendResult();
        Task<SendResult> send = connection.Client.SendAsync(message, result, Token).AsTask();
        Task<string> read = connection.Peer.ReadToEndAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => send);
        Assert.DoesNotContain("evil", await read, StringComparison.Ordinal);
        Assert.False(result.MayHaveBeenCommitted);
    }

    [Theory]
    [InlineData("memory", true)]
    [InlineData("memory", false)]
    [InlineData("stream", true)]
    [InlineData("stream", false)]
    public async Task A_server_that_has_the_whole_chunk_may_have_taken_the_message(string source, bool answers)
    {
        // What follows the commands goes out block by block: the last write returns when the server has answered to all of it, or has gone.
        byte[] content = new byte[100_000];
        string envelope = $"MAIL FROM:<a@c.test> BODY=BINARYMIME\r\nRCPT TO:<b@d.test>\r\nBDAT {content.Length} LAST\r\n";
        var decided = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair(isHeardAtOnce: true);
        var peer = new ScriptedPeer(far);
        Task script = peer.RunAsync(TestConnection.Greeting + "S: 250-mx.test\nS: 250-PIPELINING\nS: 250-CHUNKING\nS: 250 BINARYMIME");
        var stream = new WatchedStream(near);
        await using SmtpConnection client = await SmtpConnection.ConnectAsync(stream, TestConnection.Options(), Token);
        await script;

        long before = "EHLO client.test\r\n".Length;
        stream.OnWritten = written => written == before + envelope.Length + content.Length ? decided.Task : Task.CompletedTask;
        var message = TestConnection.Message(source == "memory" ? content : MessageContent.FromStream(new MemoryStream(content), content.Length));
        message.Envelope.Body = BodyType.BinaryMime;
        var result = new SendResult();
        Task<SendResult> send = client.SendAsync(message, result, Token).AsTask();
        await peer.RunAsync("C: MAIL FROM:<a@c.test> BODY=BINARYMIME\nC: RCPT TO:<b@d.test>\nS: 250 OK\nS: 250 OK");
        Assert.Equal($"BDAT {content.Length} LAST", await peer.ReadLineAsync());
        await peer.ReadExactlyAsync(content.Length);
        if (answers)
        {
            await peer.SayAsync("250 done\r\n");
            decided.SetResult();
            Assert.True((await send).IsAccepted);
            client.Abort();
        }
        else
        {
            await far.DisposeAsync();
            decided.SetException(new IOException("The server is gone."));
            await Assert.ThrowsAsync<SmtpTransportException>(() => send);
            Assert.True(result.MayHaveBeenCommitted, result.Recipients[0].ToString());
        }
    }

    private static async Task<string> ReadFlightAsync(TestConnection connection, int contentLength)
    {
        var text = new StringBuilder();
        for (int i = 0; i < 3; i++)
        {
            text.Append(await connection.Peer.ReadLineAsync()).Append("\r\n");
        }

        return text.Append(Encoding.UTF8.GetString(await connection.Peer.ReadExactlyAsync(contentLength))).ToString();
    }

    private static async Task<byte[]> ReadBinaryAsync(TestConnection connection)
    {
        using var body = new MemoryStream();
        string? line;
        while ((line = await connection.Peer.ReadLineAsync()) is not null)
        {
            string[] words = line.Split(' ');
            if (words[0] == "BDAT")
            {
                body.Write(await connection.Peer.ReadExactlyAsync(int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture)));
            }

            await connection.Peer.SayAsync("250 OK\r\n");
            if (words is ["BDAT", _, "LAST"])
            {
                break;
            }
        }

        return body.ToArray();
    }
}
