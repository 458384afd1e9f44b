namespace Smtp.Server.Tests;

/// <summary>Clients that go on with errors are slowed down, and a crowd of them is not kept waiting but sent away.</summary>
public sealed class ErrorDelayTests
{
    [Fact]
    public async Task Refusals_behind_the_tenth_are_held_back_and_the_twenty_first_is_a_421()
    {
        await using var server = TestServer.Start(timeouts: new SmtpServerTimeouts());
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        for (int i = 0; i < 10; i++)
        {
            await client.SayAsync("XYZZY", "500 5.5.1");
        }

        for (int i = 10; i <= 20; i++)
        {
            await client.SendAsync("XYZZY\r\n");
            Task<string> reply = client.ReadReplyAsync();
            server.Time.Advance(TimeSpan.FromMilliseconds(900));
            Assert.False(reply.IsCompleted);
            await server.UntilAsync(reply);
            Assert.StartsWith(i < 20 ? "500 5.5.1" : "421 4.7.0", await reply, StringComparison.Ordinal);
        }

        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_message_makes_good_for_errors()
    {
        await using var server = TestServer.Start(timeouts: new SmtpServerTimeouts { ErrorsBeforeDelay = 1 });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        for (int i = 0; i < 3; i++)
        {
            // Without a step of the clock: nothing is held back.
            await client.SayAsync("XYZZY", "500 5.5.1");
            await client.SendMessageAsync();
        }
    }

    [Fact]
    public async Task More_than_may_be_held_back_at_once_are_told_and_closed()
    {
        var timeouts = new SmtpServerTimeouts { ErrorsBeforeDelay = 0 };
        await using var server = TestServer.Start(timeouts: timeouts, maximumDelayed: 1);
        await using TestClient first = server.Connect();
        await using TestClient second = server.Connect();
        await first.GreetAsync();
        await second.GreetAsync();
        await first.SendAsync("XYZZY\r\n");
        await UntilDelayedAsync(server);

        // Without a step of the clock.
        await second.SayAsync("XYZZY", "500 5.5.1");
        await second.ExpectAsync("421 4.7.0");
        await second.ExpectEndAsync();

        Task<string> reply = first.ReadReplyAsync();
        Assert.False(reply.IsCompleted);
        await server.UntilAsync(reply);
        Assert.StartsWith("500 5.5.1", await reply, StringComparison.Ordinal);

        // Its place is free again.
        await using TestClient third = server.Connect();
        await third.GreetAsync();
        await third.SendAsync("XYZZY\r\n");
        reply = third.ReadReplyAsync();
        await server.UntilAsync(reply);
        Assert.StartsWith("500 5.5.1", await reply, StringComparison.Ordinal);
        await third.SayAsync("NOOP", "250 ");
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_what_is_held_back()
    {
        TimeSpan delay = TimeSpan.FromMinutes(1);
        var timeouts = new SmtpServerTimeouts { ErrorsBeforeDelay = 0, ErrorDelay = delay, ShutdownGrace = TimeSpan.FromSeconds(1) };
        await using var server = TestServer.Start(timeouts: timeouts);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync("XYZZY\r\n");
        await UntilDelayedAsync(server);
        Task stop = server.StopAsync();

        // In steps so small that the grace, and a machine that stands still, are over long before the delay.
        TimeSpan step = TimeSpan.FromMilliseconds(20);
        for (TimeSpan passed = step; passed < delay && !stop.IsCompleted; passed += step)
        {
            server.Time.Advance(step);
            await Task.WhenAny(stop, Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken));
        }

        Assert.True(stop.IsCompleted);
        await client.ExpectAsync("500 5.5.1");
        await client.ExpectAsync("421 4.3.2");
    }

    private static async Task UntilDelayedAsync(TestServer server)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (server.Server.DelayedCount == 0)
        {
            Assert.True(patience.Elapsed < Guard.Patience, "Nothing is held back.");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }
    }
}
