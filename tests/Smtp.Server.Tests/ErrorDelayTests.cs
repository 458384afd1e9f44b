using Smtp.Core;

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
        await using var server = TestServer.Start(timeouts: new SmtpServerTimeouts(), errorsBeforeDelay: 1);
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
    public async Task What_the_server_itself_cannot_do_costs_the_client_no_time_and_no_421()
    {
        int message = 0;
        var sink = new RecordingSink
        {
            OnOpen = _ => message++ % 3 == 0
                ? ValueTask.FromResult<MessageOpening?>(MessageOpening.Refuse(SmtpReply.Create(452, new EnhancedStatus(4, 3, 1), "Disk full")))
                : default,
            OnCommit = (_, _) => message % 3 == 2
                ? ValueTask.FromResult(SmtpReply.Create(451, new EnhancedStatus(4, 3, 0), "Not now"))
                : throw new InvalidOperationException("no database"),
        };
        var policy = new ScriptedPolicy
        {
            OnRecipient = (recipient, _) => recipient.ForwardPath.LocalPart.StartsWith("grey"u8) ? ValueTask.FromResult(SmtpReply.Create(451, new EnhancedStatus(4, 7, 1), "Greylisted")) : default,
        };
        await using var server = TestServer.Start(sink, policy, timeouts: new SmtpServerTimeouts(), errorsBeforeDelay: 0, limits: new SmtpLimits { MaximumErrors = 1 });
        await using TestClient client = server.Connect();
        await client.GreetAsync();

        // Without a step of the clock: nothing is held back.
        for (int i = 0; i < 30; i++)
        {
            await client.SendAsync("MAIL FROM:<a@example.com>\r\nRCPT TO:<grey@example.net>\r\nDATA\r\n");
            await client.ExpectAsync("250 2.1.0");
            await client.ExpectAsync("451 4.7.1");
            await client.ExpectAsync("554 5.5.1");
            await client.SayAsync("RCPT TO:<b@example.net>", "250 2.1.5");
            if (message % 3 == 0)
            {
                await client.SayAsync("DATA", "452 4.3.1");
                await client.SayAsync("RSET", "250 ");
                continue;
            }

            await client.SayAsync("DATA", "354 ");
            await client.SayAsync(".", "451 4.3.0");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nor_do_credentials_that_nobody_could_check(bool throws)
    {
        var authenticator = new ScriptedAuthenticator
        {
            OnAuthenticate = (_, _) => throws
                ? throw new InvalidOperationException("no database")
                : ValueTask.FromResult(AuthenticationResult.Refuse(SmtpReply.Create(451, new EnhancedStatus(4, 3, 0), "Not now"))),
        };
        await using var server = TestServer.Start(
            authenticator: authenticator,
            timeouts: new SmtpServerTimeouts(), errorsBeforeDelay: 0,
            limits: new SmtpLimits { MaximumErrors = 1 },
            authenticationLimits: new SmtpAuthenticationLimits { FailuresPerAccount = 2, FailuresPerAddress = 2 },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        for (int i = 0; i < 30; i++)
        {
            await client.SayAsync("AUTH PLAIN AGFsaWNlAHNlY3JldA==", throws ? "454 4.7.0 Temporary" : "451 4.3.0");
        }
    }

    [Fact]
    public async Task More_than_may_be_held_back_at_once_are_told_and_closed()
    {
        var timeouts = new SmtpServerTimeouts();
        await using var server = TestServer.Start(timeouts: timeouts, maximumDelayed: 1, errorsBeforeDelay: 0);
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
        var timeouts = new SmtpServerTimeouts { ErrorDelay = delay, ShutdownGrace = TimeSpan.FromSeconds(1) };
        await using var server = TestServer.Start(timeouts: timeouts, errorsBeforeDelay: 0);
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
