using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>The token that each seam gets fires when nobody waits for its answer any more.</summary>
public sealed class CancellationTests
{
    [Theory]
    [InlineData("client")]
    [InlineData("hello")]
    [InlineData("sender")]
    [InlineData("recipient")]
    [InlineData("open")]
    [InlineData("write")]
    [InlineData("authenticate")]
    public async Task It_fires_while_the_seam_works_when_the_client_goes(string where)
    {
        await RunAsync(where, (server, client) =>
        {
            client.Reset();
            return Task.CompletedTask;
        });
    }

    [Theory]
    [InlineData("client")]
    [InlineData("sender")]
    [InlineData("write")]
    [InlineData("authenticate")]
    public async Task It_fires_when_the_grace_of_a_stop_is_over(string where)
    {
        await RunAsync(where, async (server, client) =>
        {
            Task stop = server.StopAsync();
            await server.UntilAsync(stop);
        });
    }

    [Fact]
    public async Task It_fires_also_when_the_client_goes_before_it_got_the_replies_in_front()
    {
        // The reply to MAIL is owed while the policy works on RCPT, does not fit what may wait for the client, and cannot be sent any more.
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var policy = new ScriptedPolicy
        {
            OnRecipient = async (_, token) =>
            {
                using CancellationTokenRegistration registration = token.Register(fired.SetResult);
                entered.SetResult();
                await over.Task;
                return default;
            },
        };
        using var closed = new CancellationTokenSource();
        await using var server = TestServer.Start(policy: policy);
        TestClient client = server.Connect(window: 16, pipe => new AcceptedConnection { Transport = pipe, Closed = closed.Token });
        try
        {
            await client.GreetAsync();
            await client.SendAsync("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n");
            await entered.Task.Guarded();

            // Behind the greeting and EHLO's reply, the write that does not get through.
            await UntilAsync(() => client.Pipe!.Writes == 3);
            await client.DisposeAsync();
            await closed.CancelAsync();
            await server.UntilAsync(fired.Task.Guarded());
        }
        finally
        {
            over.SetResult();
        }

        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task The_commit_gets_only_the_servers_own_end()
    {
        var entered = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        var sink = new RecordingSink
        {
            OnCommit = async (_, token) =>
            {
                entered.SetResult(token);
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return Replies.MessageAccepted;
            },
        };
        await using var server = TestServer.Start(sink);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("x\r\n.\r\n");
        CancellationToken token = await entered.Task.Guarded();
        Task stop = server.StopAsync();
        Assert.False(token.IsCancellationRequested);
        await server.UntilAsync(stop);
        Assert.True(token.IsCancellationRequested);

        // The sink gave up, and says so: the client keeps the message.
        await client.ExpectAsync("451 4.3.0");
        await client.ExpectAsync("421 ");
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }
    }

    private static async Task RunAsync(string where, Func<TestServer, TestClient, Task> end)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        async ValueTask<T> WorkAsync<T>(string here, CancellationToken token)
        {
            if (where == here)
            {
                entered.SetResult();
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, token);
                }
                finally
                {
                    fired.SetResult();
                }
            }

            return default!;
        }

        var policy = new ScriptedPolicy
        {
            OnClient = (_, token) => WorkAsync<SmtpReply>("client", token),
            OnHello = (_, token) => WorkAsync<SmtpReply>("hello", token),
            OnSender = (_, token) => WorkAsync<SmtpReply>("sender", token),
            OnRecipient = (_, token) => WorkAsync<SmtpReply>("recipient", token),
        };
        var sink = new RecordingSink
        {
            OnOpen = token => WorkAsync<MessageOpening?>("open", token),
            OnWrite = async (_, token) => await WorkAsync<int>("write", token),
        };
        var authenticator = new ScriptedAuthenticator { OnAuthenticate = (_, token) => WorkAsync<AuthenticationResult>("authenticate", token) };
        await using var server = TestServer.Start(
            sink, policy, authenticator, listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        string[] commands = where == "authenticate"
            ? ["EHLO x.example", "AUTH PLAIN AGFsaWNlAHNlY3JldA=="]
            : ["EHLO x.example", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA", "x"];
        foreach (string command in commands)
        {
            Task<string> reply = client.ReadReplyAsync();
            if (await Task.WhenAny(reply, entered.Task) == entered.Task)
            {
                break;
            }

            await client.SendAsync(command + "\r\n");
        }

        await entered.Task.Guarded();
        await end(server, client);
        await server.UntilAsync(fired.Task).Guarded();
        await server.UntilEmptyAsync();
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }
}
