namespace Smtp.Client.Tests;

/// <summary>A caller who gives up, at every stage: the others lose nothing, and nobody gets a connection that is not in order.</summary>
public sealed class CancellationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Mail")]
    [InlineData("Recipient")]
    [InlineData("Data")]
    [InlineData("Body")]
    [InlineData("Final")]
    [InlineData("Committed")]
    public async Task A_send_that_is_given_up_takes_its_connection_along_and_nothing_else(string step)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new LoopbackServer((at, name) =>
        {
            if (name != "stalls" || at.ToString() != step)
            {
                return ServerAct.GoOn;
            }

            reached.TrySetResult();
            return ServerAct.Stall;
        });
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        Assert.True((await client.SendAsync(LoopbackServer.Message("before"), Token)).IsAccepted);
        using var cancellation = new CancellationTokenSource();
        var result = new SendResult();
        Task<SendResult> stalls = client.SendAsync(LoopbackServer.Message("stalls"), result, cancellation.Token).AsTask();
        Task<SendResult>[] behind = [.. Enumerable.Range(0, 5).Select(i => client.SendAsync(LoopbackServer.Message(i), Token).AsTask())];
        await reached.Task.WaitAsync(Patience, Token);
        await cancellation.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stalls.WaitAsync(Patience, Token));
        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.False(result.IsAccepted);

        // A message as small as this one is sent whole behind the 354: the end of data is on its way when its first octets arrive.
        Assert.Equal(step is "Body" or "Final" or "Committed", result.MayHaveBeenCommitted);
        foreach (Task<SendResult> other in behind)
        {
            Assert.True((await other.WaitAsync(Patience, Token)).IsAccepted);
        }

        Assert.All(Enumerable.Range(0, 5), i => Assert.Equal(1, server.Taken[$"{i}"]));
        Assert.Equal(step == "Committed" ? 1 : 0, server.Taken.GetValueOrDefault("stalls"));
        Assert.Equal(2, server.Accepted);
        SmtpPoolStatistics end = client.Statistics;
        Assert.Equal((0, 0), (end.InUse, end.Waiting));
    }

    [Fact]
    public async Task A_connection_that_is_aborted_while_it_waits_for_content_was_not_cancelled_by_the_caller()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        SmtpMessage message = TestConnection.Message(MessageContent.FromWriter(async (_, token) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        }));
        Task<SendResult> send = connection.Client.SendAsync(message, Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go");
        await asked.Task.WaitAsync(Patience, Token);
        connection.Client.Abort();
        var error = await Assert.ThrowsAsync<SmtpTransportException>(() => send.WaitAsync(Patience, Token));
        Assert.Equal(TransportFailure.ConnectionLost, error.Failure);
        Assert.False(error.MayHaveBeenCommitted);
    }

    [Theory]
    [InlineData("Greeting")]
    [InlineData("Hello")]
    public async Task Who_waits_for_a_connection_that_is_being_opened_leaves_without_a_trace(string step)
    {
        using var gate = new ManualResetEventSlim();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new LoopbackServer((at, _) =>
        {
            if (at.ToString() == step && !gate.IsSet)
            {
                reached.TrySetResult();
                gate.Wait(Patience, Token);
            }

            return ServerAct.GoOn;
        });
        await using var client = new SmtpClient(server.Options(maxConnections: 2));
        using var cancellation = new CancellationTokenSource();
        Task<SendResult> waits = client.SendAsync(LoopbackServer.Message("waits"), cancellation.Token).AsTask();
        await reached.Task.WaitAsync(Patience, Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits.WaitAsync(Patience, Token));
        Assert.Equal(0, client.Statistics.Waiting);

        // What was begun for one is the next one's.
        Task<SendResult> next = client.SendAsync(LoopbackServer.Message("next"), Token).AsTask();
        gate.Set();
        Assert.True((await next.WaitAsync(Patience, Token)).IsAccepted);
        Assert.Equal(["next"], server.Taken.Keys);
        Assert.Equal(1, server.Accepted);
    }

    [Fact]
    public async Task An_envelope_behind_anothers_body_is_given_up_at_once_and_the_other_gets_its_reply()
    {
        using var gate = new ManualResetEventSlim();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new LoopbackServer((at, name) =>
        {
            if (at == ServerStep.Final && name == "first")
            {
                reached.TrySetResult();
                gate.Wait(Patience, Token);
            }

            return ServerAct.GoOn;
        });
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        using var cancellation = new CancellationTokenSource();
        Task<SendResult> first = client.SendAsync(
            new SmtpMessage("first@c.test", ["b@d.test"], MessageContent.FromWriter(async (writer, token) =>
            {
                // The second one is in the queue when the body ends: its envelope goes out behind it.
                while (client.Statistics.Waiting < 2)
                {
                    await Task.Delay(1, token);
                }

                await writer.WriteAsync("x\r\n"u8.ToArray(), token);
            })),
            Token).AsTask();
        Task<SendResult> second = client.SendAsync(LoopbackServer.Message("second"), cancellation.Token).AsTask();
        Task<SendResult> third = client.SendAsync(LoopbackServer.Message("third"), Token).AsTask();
        await reached.Task.WaitAsync(Patience, Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Patience, Token));
        Assert.False(first.IsCompleted);
        gate.Set();
        Assert.True((await first.WaitAsync(Patience, Token)).IsAccepted);
        Assert.True((await third.WaitAsync(Patience, Token)).IsAccepted);
        Assert.Equal(["first", "third"], server.Taken.Keys.Order());
        Assert.Equal(2, server.Accepted);
    }

    /// <summary>Several messages in one flight: who gives up is told so at once, and of the others none is touched.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task One_of_several_in_flight_is_given_up_without_the_others(int which)
    {
        using var gate = new ManualResetEventSlim();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new LoopbackServer(
            (at, name) =>
            {
                if (at == ServerStep.Mail && name == "0")
                {
                    reached.TrySetResult();
                    gate.Wait(Patience, Token);
                }

                return ServerAct.GoOn;
            },
            "CHUNKING");
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        for (int i = 0; i < 4; i++)
        {
            Assert.True((await client.SendAsync(LoopbackServer.Message($"before{i}"), Token)).IsAccepted);
        }

        // While this one is held, four wait; they go out together when it is answered.
        using var hold = new ManualResetEventSlim();
        Task<SendResult> holds = client.SendAsync(
            new SmtpMessage("holds@c.test", ["b@d.test"], MessageContent.FromWriter(async (writer, token) =>
            {
                while (!hold.IsSet)
                {
                    await Task.Delay(1, token);
                }

                await writer.WriteAsync("x\r\n"u8.ToArray(), token);
            })),
            Token).AsTask();
        using var cancellation = new CancellationTokenSource();
        SendResult[] results = [.. Enumerable.Range(0, 4).Select(_ => new SendResult())];
        Task<SendResult>[] sends =
            [.. results.Select((result, i) => client.SendAsync(LoopbackServer.Message(i), result, i == which ? cancellation.Token : Token).AsTask())];
        hold.Set();
        await reached.Task.WaitAsync(Patience, Token);
        Assert.True((await holds.WaitAsync(Patience, Token)).IsAccepted);
        while (client.Statistics.Waiting > 0)
        {
            await Task.Delay(1, Token);
        }

        await cancellation.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sends[which].WaitAsync(Patience, Token));
        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.True(results[which].MayHaveBeenCommitted);
        Assert.Equal("127.0.0.1", results[which].Host);
        gate.Set();
        for (int i = 0; i < 4; i++)
        {
            Assert.True(i == which || (await sends[i].WaitAsync(Patience, Token)).IsAccepted);
        }

        Assert.True((await client.SendAsync(LoopbackServer.Message("after"), Token)).IsAccepted);
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(1, server.Taken[$"{i}"]));
        Assert.Equal(1, server.Accepted);
        Assert.Equal((0, 0), (client.Statistics.InUse, client.Statistics.Waiting));
    }

    /// <summary>Many give up at any time: what the client says of each message is true of the server.</summary>
    [Fact]
    public async Task Many_that_give_up_at_any_time_are_told_the_truth()
    {
        await using var server = new LoopbackServer();
        var random = new Random(4);
        int accepted = 0;
        await using (var client = new SmtpClient(server.Options(maxConnections: 3)))
        {
            var verdicts = new string[400];
            await Parallel.ForAsync(0, verdicts.Length, new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Token }, async (i, _) =>
            {
                using var cancellation = new CancellationTokenSource();
                int spin;
                lock (random)
                {
                    spin = random.Next(4) == 0 ? random.Next(3000) : -1;
                }

                var result = new SendResult();
                ValueTask<SendResult> send = client.SendAsync(LoopbackServer.Message(i), result, cancellation.Token);
                if (spin >= 0)
                {
                    Thread.SpinWait(spin);
                    await cancellation.CancelAsync();
                }

                try
                {
                    await send;
                    verdicts[i] = result.IsAccepted ? "accepted" : "lost";
                }
                catch (OperationCanceledException)
                {
                    verdicts[i] = spin < 0 ? "cancelled by another" : result.MayHaveBeenCommitted ? "uncertain" : "cancelled";
                }
            });
            for (int i = 0; i < verdicts.Length; i++)
            {
                int taken = server.Taken.GetValueOrDefault($"{i}");
                Assert.True(
                    verdicts[i] switch { "accepted" => taken == 1, "cancelled" => taken == 0, "uncertain" => taken <= 1, _ => false },
                    $"{i}: {verdicts[i]}, taken {taken} times");
                accepted += verdicts[i] == "accepted" ? 1 : 0;
            }

            // Who gives up behind another is told so before their connection is given back.
            while (client.Statistics is not { InUse: 0, Waiting: 0 })
            {
                await Task.Delay(1, Token);
            }
        }

        Assert.True(accepted >= 200);
    }
}
