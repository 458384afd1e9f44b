using System.Net.Sockets;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>A server that stops says so, lets transactions end, and keeps what it promised.</summary>
public sealed class ShutdownTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Who_is_idle_is_told_at_once(int messages)
    {
        await using var server = TestServer.Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        for (int i = 0; i < messages; i++)
        {
            await client.SendMessageAsync();
        }

        // Without a step of the clock: no grace is waited for.
        Task stop = server.StopAsync();
        await client.ExpectAsync("421 4.3.2");
        await client.ExpectEndAsync();
        await stop.Guarded();
        Assert.Equal(0, server.Server.ConnectionCount);
    }

    [Fact]
    public async Task An_open_transaction_may_end_within_the_grace()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.ServerWaitsAsync();
        Task stop = server.StopAsync();
        server.Time.Advance(TimeSpan.FromSeconds(9));
        await client.SendAsync("x\r\n.\r\n");
        await client.ExpectAsync("250 2.0.0");
        await client.ExpectAsync("421 4.3.2");
        await client.ExpectEndAsync();
        await stop.Guarded();
        Assert.Single(server.Sink.Messages).AssertEnded(committed: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_transaction_that_outlasts_the_grace_is_told_and_aborted(bool inBody)
    {
        await using var server = TestServer.Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        if (inBody)
        {
            await client.StartDataAsync();
            await client.SendAsync("x\r\n");
        }
        else
        {
            await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        }

        Task stop = server.StopAsync();
        await server.UntilAsync(stop);
        await client.ExpectAsync("421 4.3.2");
        await client.ExpectEndAsync();
        Assert.All(server.Sink.Messages, m => m.AssertEnded(committed: false));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_is_awaited_and_answered_long_after_the_grace(bool impatient)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sink = new RecordingSink
        {
            OnCommit = async (_, _) =>
            {
                entered.SetResult();
                await gate.Task;
                return Replies.MessageAccepted;
            },
        };
        await using var server = TestServer.Start(sink);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("x\r\n.\r\n");
        await entered.Task.Guarded();
        await using TestClient deaf = server.Connect(window: 64);
        await deaf.SendAsync("HELP\r\n");
        await deaf.Pipe!.ServerIsStuckAsync();

        using var patience = new CancellationTokenSource();
        Task stop = server.Server.StopAsync(patience.Token);
        if (impatient)
        {
            await patience.CancelAsync();
        }

        // The other one is cut when all patience is over, so that then it is.
        await server.UntilAsync(deaf.Session).Guarded();
        Assert.False(stop.IsCompleted);
        gate.SetResult();
        await client.ExpectAsync("250 2.0.0");
        await client.ExpectAsync("421 4.3.2");
        await client.ExpectEndAsync();
        await server.UntilAsync(stop);
        Assert.Single(sink.Messages).AssertEnded(committed: true);
    }

    [Fact]
    public async Task It_is_one_stop_however_often_it_is_asked_for()
    {
        var server = TestServer.Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        Task first = server.StopAsync();
        Task second = server.StopAsync();
        Assert.Same(first, second);
        await first.Guarded();
        await server.Server.DisposeAsync();
        await server.Server.DisposeAsync();
        await client.ExpectAsync("421 ");
    }

    [Fact]
    public async Task Nobody_is_let_in_any_more()
    {
        var server = TestServer.Start();
        System.Net.IPEndPoint endPoint = server.EndPoint;
        await server.StopAsync().Guarded();
        await Assert.ThrowsAsync<SocketException>(() => TestClient.ConnectAsync(endPoint));
        Assert.Throws<InvalidOperationException>(() => server.Connect());
        Assert.Throws<InvalidOperationException>(server.Server.Start);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_never_started_stops()
    {
        var server = new SmtpServer(new SmtpServerOptions { MessageSink = new RecordingSink() });
        Assert.Throws<InvalidOperationException>(() => { _ = server.RunAsync(new ObservedPipe(null!, null!)); });
        await server.StopAsync(TestContext.Current.CancellationToken).Guarded();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_even_take_the_421_is_cut()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect(window: 64);
        await client.ExpectAsync("220 ");
        await client.SendAsync("HELP\r\n");
        await client.Pipe!.ServerIsStuckAsync();
        Task stop = server.StopAsync();
        await server.UntilAsync(stop);
        await client.Session.Guarded();
    }

    [Fact]
    public async Task A_handshake_under_way_does_not_hold_a_stop_up()
    {
        using var certificate = TestCertificates.Create("mail.example.com");
        await using var server = TestServer.Start(certificates: new TlsCertificates(certificate), listeners: TestServer.Listener(TlsMode.Implicit));
        await using TestClient client = await server.ConnectSocketAsync();
        while (server.Server.ConnectionCount == 0)
        {
            await Task.Yield();
        }

        await server.StopAsync().Guarded();
    }
}
