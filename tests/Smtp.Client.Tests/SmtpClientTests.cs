using Microsoft.Extensions.Time.Testing;

namespace Smtp.Client.Tests;

/// <summary>The pooled client against a server that does what it is told.</summary>
public sealed class SmtpClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_one_after_the_other_share_a_connection()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options());
        for (int i = 0; i < 10; i++)
        {
            SendResult result = await client.SendAsync(LoopbackServer.Message(i), Token);
            Assert.True(result.IsAccepted);
        }

        Assert.Equal(1, server.Accepted);
        Assert.Equal(10, server.Taken.Count);
        Assert.Equal(new SmtpPoolStatistics(Connections: 1, Idle: 1, InUse: 0, Opening: 0, Waiting: 0), client.Statistics);
        Assert.DoesNotContain("RSET", server.Commands);
    }

    [Fact]
    public async Task Messages_at_once_share_no_more_connections_than_allowed()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options(maxConnections: 3));
        SendResult[] results = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.SendAsync(LoopbackServer.Message(i), Token).AsTask()));
        Assert.All(results, result => Assert.True(result.IsAccepted));
        Assert.InRange(server.Accepted, 1, 3);
        Assert.Equal(100, server.Taken.Count);
    }

    [Fact]
    public async Task Disposing_says_QUIT_to_idle_connections()
    {
        await using var server = new LoopbackServer();
        await using (var client = new SmtpClient(server.Options()))
        {
            await client.SendAsync(LoopbackServer.Message(1), Token);
        }

        Assert.Equal(1, server.Quits);
    }

    [Theory]
    [InlineData(nameof(ServerAct.Close))]
    [InlineData(nameof(ServerAct.Reset))]
    [InlineData(nameof(ServerAct.Say421))]
    public async Task What_ends_a_connection_while_it_is_idle_fails_no_message(string act)
    {
        await using var server = new LoopbackServer((step, _) => step == ServerStep.Idle ? Enum.Parse<ServerAct>(act) : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        for (int i = 0; i < 20; i++)
        {
            SendResult result = await client.SendAsync(LoopbackServer.Message(i), Token);
            Assert.True(result.IsAccepted);
            if (i % 2 == 0)
            {
                // Half of them meet a connection that is known to be gone, half one that maybe is.
                await WaitUntilAsync(() => server.Open == 0);
            }
        }

        Assert.Equal(20, server.Taken.Count);
        Assert.All(server.Taken.Values, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(nameof(ServerStep.Mail), nameof(ServerAct.Say421))]
    [InlineData(nameof(ServerStep.Mail), nameof(ServerAct.Close))]
    [InlineData(nameof(ServerStep.Recipient), nameof(ServerAct.Reset))]
    [InlineData(nameof(ServerStep.Data), nameof(ServerAct.Say421))]
    [InlineData(nameof(ServerStep.Body), nameof(ServerAct.Reset))]
    public async Task What_ends_a_used_connection_before_the_end_of_data_is_made_good_once(string step, string act)
    {
        int failures = 0;
        await using var server = new LoopbackServer((at, name) =>
            name == "second" && at.ToString() == step && Interlocked.Increment(ref failures) == 1 ? Enum.Parse<ServerAct>(act) : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        await client.SendAsync(LoopbackServer.Message("first"), Token);

        // Too long for the socket's buffers: what breaks inside the body breaks before its end is sent.
        string content = string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 200_000));
        SendResult result = await client.SendAsync(LoopbackServer.Message("second", content), Token);
        Assert.True(result.IsAccepted);
        Assert.Equal(1, server.Taken["second"]);
        Assert.Equal(2, server.Accepted);
    }

    [Fact]
    public async Task A_connection_that_is_fresh_is_not_replaced()
    {
        await using var server = new LoopbackServer((step, _) => step == ServerStep.Mail ? ServerAct.Close : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        var error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(LoopbackServer.Message(1), Token));
        Assert.Equal((SmtpStage.Mail, TransportFailure.ConnectionLost, false), (error.Stage, error.Failure, error.MayHaveBeenCommitted));
        Assert.Equal(1, server.Accepted);
        Assert.Equal(0, client.Statistics.InUse);
    }

    [Fact]
    public async Task What_was_retried_once_is_not_retried_again()
    {
        await using var server = new LoopbackServer((step, name) => name == "second" && step == ServerStep.Mail ? ServerAct.Close : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        await client.SendAsync(LoopbackServer.Message("first"), Token);
        await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(LoopbackServer.Message("second"), Token));
        Assert.Equal(2, server.Accepted);
    }

    [Fact]
    public async Task What_may_have_been_taken_is_not_sent_again()
    {
        await using var server = new LoopbackServer((step, name) => name == "second" && step == ServerStep.Committed ? ServerAct.Reset : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        await client.SendAsync(LoopbackServer.Message("first"), Token);
        var error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(LoopbackServer.Message("second"), Token));
        Assert.True(error.MayHaveBeenCommitted);
        Assert.Equal(1, server.Taken["second"]);
    }

    [Fact]
    public async Task Content_that_was_read_is_not_sent_again()
    {
        await using var server = new LoopbackServer((step, name) => name == "second" && step == ServerStep.Body ? ServerAct.Reset : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        await client.SendAsync(LoopbackServer.Message("first"), Token);
        var message = new SmtpMessage("second@c.test", ["b@d.test"], MessageContent.FromStream(new MemoryStream("x\r\n"u8.ToArray())));
        var error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(message, Token));
        Assert.False(error.MayHaveBeenCommitted && error.Stage < SmtpStage.FinalReply);
        Assert.Equal(1, server.Accepted);
    }

    [Fact]
    public async Task Content_that_was_not_read_yet_is_sent_over_a_fresh_connection()
    {
        int failures = 0;
        await using var server = new LoopbackServer((step, name) =>
            name == "second" && step == ServerStep.Data && Interlocked.Increment(ref failures) == 1 ? ServerAct.Close : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        await client.SendAsync(LoopbackServer.Message("first"), Token);
        var message = new SmtpMessage("second@c.test", ["b@d.test"], MessageContent.FromStream(new MemoryStream("x\r\n"u8.ToArray())));
        Assert.True((await client.SendAsync(message, Token)).IsAccepted);
    }

    [Fact]
    public async Task An_answer_of_421_to_the_end_of_data_is_the_answer()
    {
        await using var server = new LoopbackServer((step, name) => name == "second" && step == ServerStep.Final ? ServerAct.Say421 : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        await client.SendAsync(LoopbackServer.Message("first"), Token);
        SendResult result = await client.SendAsync(LoopbackServer.Message("second"), Token);
        Assert.Equal((DeliveryOutcome.TransientFailure, 421), (result.Recipients[0].Outcome, result.Recipients[0].Reply.Code));
        Assert.Equal(1, server.Accepted);
    }

    [Fact]
    public async Task A_refused_message_leaves_the_connection_in_order()
    {
        await using var server = new LoopbackServer((step, name) => name == "refused" && step == ServerStep.Recipient ? ServerAct.Say550 : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        SendResult refused = await client.SendAsync(LoopbackServer.Message("refused"), Token);
        Assert.Equal(DeliveryOutcome.PermanentFailure, refused.Recipients[0].Outcome);
        Assert.True((await client.SendAsync(LoopbackServer.Message("next"), Token)).IsAccepted);
        Assert.Equal(1, server.Accepted);
        Assert.Contains("RSET", server.Commands);
    }

    [Fact]
    public async Task A_connection_ends_after_its_number_of_messages()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options(maxMessages: 3));
        for (int i = 0; i < 9; i++)
        {
            await client.SendAsync(LoopbackServer.Message(i), Token);
        }

        Assert.Equal(3, server.Accepted);
        await WaitUntilAsync(() => server.Quits == 3);
    }

    [Fact]
    public async Task A_server_that_wants_fewer_messages_gets_fewer()
    {
        await using var server = new LoopbackServer(null, "LIMITS MAILMAX=2");
        await using var client = new SmtpClient(server.Options());
        for (int i = 0; i < 6; i++)
        {
            await client.SendAsync(LoopbackServer.Message(i), Token);
        }

        Assert.Equal(3, server.Accepted);
    }

    [Fact]
    public async Task Cancelling_a_send_harms_no_other()
    {
        await using var server = new LoopbackServer((step, name) => name == "stalls" && step == ServerStep.Recipient ? ServerAct.Stall : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        await client.SendAsync(LoopbackServer.Message("first"), Token);
        using var cancellation = new CancellationTokenSource();
        Task<SendResult> stalls = client.SendAsync(LoopbackServer.Message("stalls"), cancellation.Token).AsTask();
        using var impatience = new CancellationTokenSource();
        Task<SendResult> impatient = client.SendAsync(LoopbackServer.Message("impatient"), impatience.Token).AsTask();
        Task<SendResult> patient = client.SendAsync(LoopbackServer.Message("patient"), Token).AsTask();
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Assert.False(patient.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stalls);
        Assert.True((await patient).IsAccepted);
        Assert.Equal(["first", "patient"], server.Taken.Keys.Order());
    }

    [Fact]
    public async Task Whoever_waits_when_the_server_cannot_be_reached_is_told_so_with_a_result_of_their_own()
    {
        await using var server = new LoopbackServer((step, _) => step == ServerStep.Greeting ? ServerAct.Close : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 2));
        Task<SendResult>[] sends = [.. Enumerable.Range(0, 20).Select(i => client.SendAsync(LoopbackServer.Message(i), Token).AsTask())];
        var results = new HashSet<SendResult>();
        foreach (Task<SendResult> send in sends)
        {
            var error = await Assert.ThrowsAsync<SmtpTransportException>(() => send);
            Assert.Equal(SmtpStage.Greeting, error.Stage);
            Assert.Equal((DeliveryOutcome.TransientFailure, SmtpStage.Greeting), (error.Result!.Recipients[0].Outcome, error.Result.Recipients[0].Stage));
            Assert.True(results.Add(error.Result));
        }

        // Another attempt may still be under way, for nobody.
        await WaitUntilAsync(() => client.Statistics == default);

        // Not each of the twenty had an attempt of its own.
        Assert.InRange(server.Accepted, 1, 19);
    }

    [Fact]
    public async Task A_server_that_takes_few_connections_gets_all_messages_over_these()
    {
        int connections = 0;
        await using var server = new LoopbackServer((step, _) =>
            step == ServerStep.Greeting && Interlocked.Increment(ref connections) > 2 ? ServerAct.Say421 : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 10, maxMessages: 1000));
        SendResult[] results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => client.SendAsync(LoopbackServer.Message(i), Token).AsTask()));
        Assert.All(results, result => Assert.True(result.IsAccepted));
        Assert.Equal(200, server.Taken.Count);
    }

    [Fact]
    public async Task Whoever_waits_too_long_is_told_so()
    {
        var time = new FakeTimeProvider();
        await using var server = new LoopbackServer((step, name) => name == "stalls" && step == ServerStep.Recipient ? ServerAct.Stall : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 1, timeProvider: time, acquireTimeout: TimeSpan.FromSeconds(30), shutdownGrace: TimeSpan.Zero));
        Task<SendResult> stalls = client.SendAsync(LoopbackServer.Message("stalls"), Token).AsTask();
        await WaitUntilAsync(() => client.Statistics.InUse == 1);
        Task<SendResult> early = client.SendAsync(LoopbackServer.Message("early"), Token).AsTask();
        time.Advance(TimeSpan.FromSeconds(10));
        Task<SendResult> late = client.SendAsync(LoopbackServer.Message("late"), Token).AsTask();
        time.Advance(TimeSpan.FromSeconds(20));
        var error = await Assert.ThrowsAsync<SmtpTransportException>(() => early);
        Assert.Equal((TransportFailure.PoolTimedOut, SmtpStage.None), (error.Failure, error.Stage));
        Assert.Equal(DeliveryOutcome.TransientFailure, error.Result!.Recipients[0].Outcome);
        Assert.False(late.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(TransportFailure.PoolTimedOut, (await Assert.ThrowsAsync<SmtpTransportException>(() => late)).Failure);
        Assert.False(stalls.IsCompleted);
        using var now = new CancellationTokenSource(0);
        await client.CloseAsync(now.Token);
        await Assert.ThrowsAsync<SmtpTransportException>(() => stalls);
    }

    [Fact]
    public async Task No_more_may_wait_than_allowed()
    {
        await using var server = new LoopbackServer((step, name) => name == "stalls" && step == ServerStep.Mail ? ServerAct.Stall : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 1, maximumWaiters: 1, shutdownGrace: TimeSpan.Zero));
        Task<SendResult> stalls = client.SendAsync(LoopbackServer.Message("stalls"), Token).AsTask();
        await WaitUntilAsync(() => client.Statistics.InUse == 1);
        Task<SendResult> waits = client.SendAsync(LoopbackServer.Message("waits"), Token).AsTask();
        var error = await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(LoopbackServer.Message("crowd"), Token));
        Assert.Equal(TransportFailure.PoolOvercrowded, error.Failure);
        await client.DisposeAsync();
        Assert.Equal(TransportFailure.ClientClosed, (await Assert.ThrowsAsync<SmtpTransportException>(() => waits)).Failure);
        await Assert.ThrowsAsync<SmtpTransportException>(() => stalls);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.SendAsync(LoopbackServer.Message("closed"), Token));
    }

    [Fact]
    public async Task Disposing_lets_a_send_end()
    {
        var release = new TaskCompletionSource();
        await using var server = new LoopbackServer((step, name) =>
        {
            if (step == ServerStep.Final)
            {
                release.Task.Wait(Token);
            }

            return ServerAct.GoOn;
        });
        var client = new SmtpClient(server.Options());
        Task<SendResult> send = client.SendAsync(LoopbackServer.Message(1), Token).AsTask();
        await WaitUntilAsync(() => server.Commands.Contains("DATA"));
        Task closing = client.DisposeAsync().AsTask();
        Assert.False(closing.IsCompleted);
        release.SetResult();
        Assert.True((await send).IsAccepted);
        await closing;
        Assert.Equal(1, server.Quits);
        Assert.Equal(default, client.Statistics);
    }

    [Fact]
    public async Task Idle_connections_are_closed_in_time()
    {
        var time = new FakeTimeProvider();
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options(timeProvider: time));
        await client.SendAsync(LoopbackServer.Message(1), Token);
        time.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal(1, client.Statistics.Idle);
        time.Advance(TimeSpan.FromSeconds(30));
        await WaitUntilAsync(() => server.Quits == 1 && client.Statistics.Connections == 0);
    }

    [Fact]
    public async Task Connections_that_are_to_be_kept_are_kept_with_NOOP()
    {
        var time = new FakeTimeProvider();
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options(timeProvider: time, minConnections: 2));
        await client.VerifyAsync(Token);
        time.Advance(TimeSpan.FromSeconds(15));
        await WaitUntilAsync(() => client.Statistics.Idle == 2);
        time.Advance(TimeSpan.FromSeconds(60));
        await WaitUntilAsync(() => server.Commands.Count(command => command == "NOOP") == 2 && client.Statistics.Idle == 2);
        Assert.Equal((2, 0), (server.Accepted, server.Quits));
    }

    [Fact]
    public async Task A_connection_that_is_old_is_replaced()
    {
        var time = new FakeTimeProvider();
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options(timeProvider: time, minConnections: 1));
        for (int i = 0; i < 7; i++)
        {
            await client.SendAsync(LoopbackServer.Message(i), Token);
            time.Advance(TimeSpan.FromMinutes(1));
            await WaitUntilAsync(() => client.Statistics.Idle == 1);
        }

        Assert.Equal(2, server.Accepted);
    }

    [Fact]
    public async Task Verifying_says_what_is_wrong()
    {
        await using var server = new LoopbackServer((step, _) => step == ServerStep.Hello ? ServerAct.Say421 : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options());
        var error = await Assert.ThrowsAsync<SmtpReplyException>(async () => await client.VerifyAsync(Token));
        Assert.Equal((SmtpStage.Hello, 421), (error.Stage, error.Reply.Code));
    }

    [Fact]
    public async Task Many_messages_have_many_outcomes()
    {
        await using var server = new LoopbackServer((step, name) => (step, name) switch
        {
            (ServerStep.Recipient, "2") => ServerAct.Say550,
            (ServerStep.Committed, "3") => ServerAct.Close,
            _ => ServerAct.GoOn,
        });
        await using var client = new SmtpClient(server.Options());
        var outcomes = new List<SmtpSendOutcome>();
        SmtpMessage[] messages = [.. Enumerable.Range(0, 6).Select(LoopbackServer.Message), new SmtpMessage()];
        await foreach (SmtpSendOutcome outcome in client.SendManyAsync(messages, Token))
        {
            outcomes.Add(outcome);
        }

        Assert.Equal(messages, outcomes.Select(outcome => outcome.Message));
        Assert.Equal([true, true, false, false, true, true, false], outcomes.Select(outcome => outcome.IsAccepted));
        Assert.Null(outcomes[2].Error);
        Assert.True(outcomes[3].Error is SmtpTransportException { MayHaveBeenCommitted: true });
        Assert.IsType<ArgumentException>(outcomes[6].Error);
    }

    [Fact]
    public void Wrong_options_are_named()
    {
        var error = Assert.Throws<ArgumentException>(() => new SmtpClient(new SmtpClientOptions { Host = "", MaximumConnections = 2, MinimumConnections = 3 }));
        Assert.Contains("Host", error.Message, StringComparison.Ordinal);
        Assert.Contains("MinimumConnections is 3, more than MaximumConnections, 2.", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpClientOptions { Host = "x", MaximumConnections = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpClientOptions { Host = "x", AcquireTimeout = TimeSpan.Zero });
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Token);
        }
    }
}
