namespace Smtp.Server.Tests;

/// <summary>Who is waited for too long is told so, or cut where that is no use.</summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_client_that_says_nothing()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.ServerWaitsAsync();
        server.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(client.Session.IsCompleted);
        server.Time.Advance(2 * Second);
        await client.ExpectAsync("421 4.4.2");
        await client.ExpectEndAsync();
        await client.Session.Guarded();
    }

    [Fact]
    public async Task A_client_that_says_nothing_over_a_socket()
    {
        await using var server = TestServer.Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        Task<string> reply = client.ReadReplyAsync();
        await server.UntilAsync(reply);
        Assert.StartsWith("421 4.4.2", await reply, StringComparison.Ordinal);
        await client.ExpectEndAsync();
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task A_client_that_says_nothing_under_TLS()
    {
        using var certificate = TestCertificates.Create("mail.example.com");
        await using var server = TestServer.Start(certificates: new TlsCertificates(certificate));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartTlsAsync();
        await client.SayAsync("EHLO x.example", "250-");
        Task<string> reply = client.ReadReplyAsync();
        await server.UntilAsync(reply);
        Assert.StartsWith("421 4.4.2", await reply, StringComparison.Ordinal);
        await client.ExpectEndAsync();
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task A_command_octet_by_octet_gets_no_more_time()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await DripAsync(server, client, "NOOP and so on for as long as it takes ");
    }

    [Fact]
    public async Task An_overlong_command_octet_by_octet_gets_no_more_time()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync(new string('x', 13000));
        await client.ExpectAsync("500 5.5.2");
        await DripAsync(server, client, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
    }

    [Fact]
    public async Task A_command_behind_an_answered_one_has_its_own_time()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        for (int i = 0; i < 5; i++)
        {
            // Each packet ends in the middle of the next command.
            await client.ServerWaitsAsync();
            server.Time.Advance(TimeSpan.FromMinutes(4));
            await client.SendAsync(i == 0 ? "NOOP\r\nNO" : "OP\r\nNO");
            await client.ExpectAsync("250 ");
        }

        Assert.False(client.Session.IsCompleted);
    }

    [Fact]
    public async Task A_body_that_stops()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync(BodyStreamingTests.Lines(1000 * 1000));
        await client.ServerWaitsAsync();
        server.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.False(client.Session.IsCompleted);
        server.Time.Advance(2 * Second);
        await client.ExpectAsync("421 4.4.2");
        await client.Session.Guarded();
        Assert.Single(server.Sink.Messages).AssertEnded(committed: false);
    }

    [Fact]
    public async Task A_body_below_the_least_rate()
    {
        await using var server = TestServer.Start(timeouts: new SmtpServerTimeouts { MinimumBodyRate = 100, BodyRateGrace = TimeSpan.FromSeconds(30) });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        Task<string> reply = client.ReadReplyAsync();
        for (int i = 0; i < 60 && !reply.IsCompleted; i++)
        {
            await Task.WhenAny(client.ServerWaitsAsync(), reply);
            server.Time.Advance(Second);
            await client.SendAsync("10 octets\n"[..8] + "\r\n");
        }

        Assert.StartsWith("421 4.4.2", await reply.Guarded(), StringComparison.Ordinal);
        await client.Session.Guarded();
        Assert.Single(server.Sink.Messages).AssertEnded(committed: false);
    }

    [Fact]
    public async Task A_slow_sink_does_not_make_its_client_slow()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sink = new RecordingSink
        {
            OnWrite = async (_, _) =>
            {
                entered.TrySetResult();
                await gate.Task;
            },
        };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("x\r\n.\r\n");
        await entered.Task.Guarded();
        server.Time.Advance(TimeSpan.FromHours(1));
        gate.SetResult();
        await client.ExpectAsync("250 2.0.0");
    }

    [Fact]
    public async Task A_peer_that_never_reads_is_cut_and_others_are_served()
    {
        await using var server = TestServer.Start();
        await using TestClient deaf = server.Connect(window: 64);
        await using TestClient other = server.Connect();
        await other.GreetAsync();
        await deaf.ExpectAsync("220 ");
        await deaf.SendAsync("HELP\r\n");
        await deaf.Pipe!.ServerIsStuckAsync();
        Assert.StartsWith("250 2.0.0", await other.SendMessageAsync(), StringComparison.Ordinal);
        await other.ServerWaitsAsync();
        await server.UntilAsync(deaf.Session).Guarded();
        Assert.StartsWith("250 2.0.0", await other.SendMessageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_whose_cutting_fails_ends_and_does_not_take_the_heartbeat_along()
    {
        // The heartbeat runs on this thread, by the test's clock; in a program what leaves a timer's callback ends the process.
        await using var server = TestServer.Start();
        await using TestClient deaf = server.Connect(
            window: 64, pipe => new AcceptedConnection { Transport = pipe, Abort = () => throw new NotSupportedException("cannot be cut") });
        await deaf.ExpectAsync("220 ");
        await deaf.SendAsync("HELP\r\n");
        await deaf.Pipe!.ServerIsStuckAsync();
        await server.UntilAsync(deaf.Session).Guarded();
        Assert.Contains(server.Logs.Entries, e => e.Error is NotSupportedException);
    }

    [Fact]
    public async Task A_socket_whose_peer_never_reads_is_reset()
    {
        await using var server = TestServer.Start();
        await using TestClient deaf = await server.ConnectSocketAsync();
        deaf.Socket!.ReceiveBufferSize = 1024;
        await deaf.ExpectAsync("220 ");

        // An EHLO of one group after the other is answered with some 200 octets each; the limit on unproductive commands does not count RCPT.
        await deaf.SayAsync("EHLO x.example", "250-");
        string group = "MAIL FROM:<a@example.com>\r\n" + string.Concat(Enumerable.Repeat("RCPT TO:<b@example.net>\r\n", 4000));
        Task sending = SendForEverAsync(deaf, group);
        await server.UntilAsync(Task.WhenAny(sending, EmptyAsync(server)));
        await server.UntilEmptyAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => sending.Guarded());
    }

    private static async Task EmptyAsync(TestServer server)
    {
        while (server.Server.ConnectionCount > 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static async Task SendForEverAsync(TestClient client, string text)
    {
        while (true)
        {
            await client.SendAsync(text);
        }
    }

    private static async Task DripAsync(TestServer server, TestClient client, string text)
    {
        // 20 s an octet: 15 of them are 5 minutes.
        int sent = 0;
        Task<string> reply = client.ReadReplyAsync();
        while (!reply.IsCompleted && sent < text.Length)
        {
            await Task.WhenAny(client.ServerWaitsAsync(), reply);
            await client.SendAsync(text[sent++].ToString());
            await Task.WhenAny(client.ServerWaitsAsync(), reply);
            server.Time.Advance(TimeSpan.FromSeconds(20));
        }

        Assert.StartsWith("421 4.4.2", await reply.Guarded(), StringComparison.Ordinal);
        Assert.InRange(sent, 14, 17);
        await client.Session.Guarded();
    }
}
