using System.Buffers;

namespace Smtp.Client.Tests;

/// <summary>Messages that share a flight with others, and what these others must not do to them.</summary>
public sealed class FlightTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// A message that was taken from the queue and did not fit the window is cancelled, and its caller takes the memory back: nothing looks at it any more,
    /// and no connection is lost for a message that was not begun.
    /// </summary>
    [Fact]
    public async Task A_cancelled_message_that_was_not_begun_is_not_looked_at_again()
    {
        using var first = new Gate();
        using var second = new Gate();
        using var third = new Gate();
        await using var server = new LoopbackServer((step, name) =>
        {
            Gate? gate = (name, step) switch
            {
                ("warm", ServerStep.Final) => first,
                ("x", ServerStep.Final) => second,
                ("y", ServerStep.Mail) => third,
                _ => null,
            };
            gate?.Pass(Token);
            return ServerAct.GoOn;
        }, "CHUNKING");
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        Task<SendResult> warm = client.SendAsync(LoopbackServer.Message("warm"), Token).AsTask();
        await first.Reached.WaitAsync(Patience, Token);
        Task<SendResult> x = client.SendAsync(LoopbackServer.Message("x"), Token).AsTask();
        Task<SendResult> y = client.SendAsync(LoopbackServer.Message("y"), Token).AsTask();
        using var cancellation = new CancellationTokenSource();
        var lent = new LentMemory(16_000);
        Task<SendResult> large = client.SendAsync(new SmtpMessage("large@c.test", ["b@d.test"], MessageContent.FromMemory(lent.Memory)), cancellation.Token).AsTask();
        first.Open();
        await second.Reached.WaitAsync(Patience, Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large.WaitAsync(Patience, Token));
        lent.TakeBack();
        second.Open();
        Assert.True((await x.WaitAsync(Patience, Token)).IsAccepted);
        third.Open();
        Assert.True((await y.WaitAsync(Patience, Token)).IsAccepted);
        Assert.True((await warm.WaitAsync(Patience, Token)).IsAccepted);
        Assert.Equal(1, server.Accepted);
    }

    /// <summary>What the server has said in one piece makes room for several messages, which go out in one.</summary>
    [Fact]
    public async Task Replies_that_came_at_once_are_answered_with_one_write()
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var writes = new List<long>();
        var watched = new WatchedStream(near)
        {
            OnWritten = total =>
            {
                writes.Add(total);
                return Task.CompletedTask;
            },
        };
        var peer = new ScriptedPeer(far);
        Task greeting = peer.RunAsync(TestConnection.Greeting + "S: 250-mx.test\nS: 250-PIPELINING\nS: 250 CHUNKING");
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(watched, TestConnection.Options(), Token);
        await greeting;
        writes.Clear();
        const int Count = 20;
        SmtpMessage[] messages = [.. Enumerable.Range(0, Count).Select(_ => TestConnection.Message(MessageContent.FromMemory("x\r\n"u8.ToArray())))];
        SendResult[] results = [.. messages.Select(_ => new SendResult())];
        Task sending = connection.SendAllAsync(messages, results, Token).AsTask();

        // Two go out unasked, and then as many more as were answered.
        int[] flights = [2, 4, 8, 6];
        for (int i = 0; i < flights.Length; i++)
        {
            for (int message = 0; message < flights[i]; message++)
            {
                string reset = i == 0 && message == 0 ? string.Empty : "C: RSET\n";
                await peer.RunAsync(reset + "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: BDAT 3 LAST\nC: x");
            }

            Assert.Equal(i + 1, writes.Count);
            string replies = string.Concat(Enumerable.Repeat("250 OK\r\n", (4 * flights[i]) - (i == 0 ? 1 : 0)));
            await peer.SayAsync(replies);
        }

        await sending;
        Assert.All(results, result => Assert.True(result.IsAccepted));
        connection.Abort();
    }

    /// <summary>A stream that was sent is not sent anew, whatever went out behind it.</summary>
    [Fact]
    public async Task A_stream_that_was_read_is_told_the_421_though_a_message_in_memory_went_behind_it()
    {
        using var gate = new Gate();
        int refusals = 0;
        await using var server = new LoopbackServer((step, name) =>
        {
            if (name == "warm" && step == ServerStep.Final)
            {
                gate.Pass(Token);
            }

            return name == "stream" && step == ServerStep.Mail && refusals++ == 0 ? ServerAct.Say421 : ServerAct.GoOn;
        }, "CHUNKING", "BINARYMIME");
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        Assert.True((await client.SendAsync(LoopbackServer.Message("before"), Token)).IsAccepted);
        Task<SendResult> warm = client.SendAsync(LoopbackServer.Message("warm"), Token).AsTask();
        await gate.Reached.WaitAsync(Patience, Token);
        var message = new SmtpMessage("stream@c.test", ["b@d.test"], MessageContent.FromStream(new MemoryStream(new byte[100])));
        message.Envelope.Body = BodyType.BinaryMime;
        Task<SendResult> stream = client.SendAsync(message, Token).AsTask();
        Task<SendResult> behind = client.SendAsync(LoopbackServer.Message("behind"), Token).AsTask();
        gate.Open();
        Assert.Equal(
            "<b@d.test> TransientFailure at Mail: 421 4.3.2 Closing", (await stream.WaitAsync(Patience, Token)).Recipients[0].ToString());
        Assert.True((await behind.WaitAsync(Patience, Token)).IsAccepted);
        Assert.True((await warm.WaitAsync(Patience, Token)).IsAccepted);
    }

    /// <summary>A server that takes few messages over a connection and then says 421 gets them all, over as many connections as that needs.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_421_behind_each_few_messages_fails_none(int few)
    {
        int count = 0;
        using var gate = new Gate();
        await using var server = new LoopbackServer((step, name) =>
        {
            if (step == ServerStep.Hello)
            {
                count = 0;
            }

            if (step == ServerStep.Final && name == "warm")
            {
                gate.Pass(Token);
            }

            return step == ServerStep.Mail && ++count > few ? ServerAct.Say421 : ServerAct.GoOn;
        }, "CHUNKING");
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        Task<SendResult> warm = client.SendAsync(LoopbackServer.Message("warm"), Token).AsTask();
        await gate.Reached.WaitAsync(Patience, Token);
        Task<SendResult>[] sends = [.. Enumerable.Range(0, 20).Select(i => client.SendAsync(LoopbackServer.Message(i), Token).AsTask())];
        gate.Open();
        Assert.True((await warm.WaitAsync(Patience, Token)).IsAccepted);
        foreach (Task<SendResult> send in sends)
        {
            Assert.Equal("<b@d.test> Accepted at FinalReply: 250 2.0.0 OK", (await send.WaitAsync(Patience, Token)).Recipients[0].ToString());
        }

        Assert.Equal(21, server.Taken.Count);
        Assert.All(server.Taken.Values, times => Assert.Equal(1, times));
    }

    /// <summary>Where the server stops until it is let go on.</summary>
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Reached => _reached.Task;

        public void Dispose() => _open.Dispose();

        internal void Open() => _open.Set();

        internal void Pass(CancellationToken token)
        {
            _reached.TrySetResult();
            _open.Wait(Patience, token);
        }
    }

    /// <summary>Memory that its owner takes back, as of a native buffer.</summary>
    private sealed class LentMemory(int length) : MemoryManager<byte>
    {
        private byte[]? _octets = new byte[length];

        public override Span<byte> GetSpan() => _octets ?? throw new ObjectDisposedException(nameof(LentMemory));

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        internal void TakeBack() => _octets = null;

        protected override void Dispose(bool disposing)
        {
        }
    }
}
