using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>An exception in an application's code costs one reply, never the session, and its text stays at home.</summary>
public sealed class SeamFailureTests
{
    private const string Secret = "password of the database is hunter2";

    public static TheoryData<bool> Ways => [true, false];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_client_check(bool synchronous)
    {
        var policy = new ScriptedPolicy { OnClient = (_, _) => Fail<SmtpReply>(synchronous) };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        Assert.Equal("451 4.3.0 Local error in processing, try again later", await client.ReadReplyAsync());

        // A refused client may QUIT (RFC 5321 §3.1).
        await client.SayAsync("EHLO x.example", "503 ");
        await client.SayAsync("QUIT", "221 ");
        AssertLogged(server, "CheckClient");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_hello_check(bool synchronous)
    {
        bool broken = true;
        var policy = new ScriptedPolicy { OnHello = (_, _) => broken ? Fail<SmtpReply>(synchronous) : default };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        await client.ExpectAsync("220 ");
        await AssertRefusedAsync(client, "EHLO x.example");
        await client.SayAsync("MAIL FROM:<a@example.com>", "503 ");
        broken = false;
        await client.SayAsync("EHLO x.example", "250-");
        await AssertGoesOnAsync(client);
        AssertLogged(server, "CheckHello");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_sender_check(bool synchronous)
    {
        bool broken = true;
        var policy = new ScriptedPolicy { OnSender = (_, _) => broken ? Fail<SmtpReply>(synchronous) : default };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await AssertRefusedAsync(client, "MAIL FROM:<a@example.com>");
        broken = false;
        await AssertGoesOnAsync(client);
        AssertLogged(server, "CheckSender");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_recipient_check(bool synchronous)
    {
        var policy = new ScriptedPolicy
        {
            OnRecipient = (recipient, _) => recipient.ForwardPath.ToString() == "bad@example.net" ? Fail<SmtpReply>(synchronous) : default,
        };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<one@example.net>", "250 ");
        await AssertRefusedAsync(client, "RCPT TO:<bad@example.net>");
        await client.SayAsync("RCPT TO:<two@example.net>", "250 ");
        await client.SayAsync("DATA", "354 ");
        await client.SendAsync("x\r\n.\r\n");
        await client.ExpectAsync("250 2.0.0");
        Assert.Equal(["one@example.net", "two@example.net"], Assert.Single(server.Sink.Messages).Recipients);
        AssertLogged(server, "CheckRecipient");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_authenticator(bool synchronous)
    {
        bool broken = true;
        var authenticator = new ScriptedAuthenticator
        {
            OnAuthenticate = (_, _) => broken
                ? Fail<AuthenticationResult>(synchronous)
                : ValueTask.FromResult(AuthenticationResult.Success("alice")),
        };
        await using var server = TestServer.Start(
            authenticator: authenticator, listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        Assert.Equal("454 4.7.0", (await client.SayAsync("AUTH PLAIN AGFsaWNlAHNlY3JldA=="))[..9]);
        broken = false;
        await client.SayAsync("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ");
        await AssertGoesOnAsync(client);
        AssertLogged(server, "ISmtpAuthenticator");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_sink_at_open(bool synchronous)
    {
        var sink = new RecordingSink();
        sink.OnOpen = _ => Fail<MessageOpening?>(synchronous);
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        await AssertRefusedAsync(client, "DATA");
        sink.OnOpen = null;
        await client.SayAsync("RSET", "250 ");
        await AssertGoesOnAsync(client);
        AssertLogged(server, "OpenMessage");
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    [InlineData(false, 3)]
    public async Task Of_the_writer_at_a_write(bool synchronous, int failingWrite)
    {
        int writes = 0;
        var sink = new RecordingSink();
        sink.OnWrite = (_, _) => ++writes == failingWrite ? Fail(synchronous) : default;
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();

        // All of it is read and nothing more is written.
        await client.SendAsync(BodyStreamingTests.Lines(500 * 1000));
        RecordedMessage message = await sink.NextEndedAsync();
        message.AssertEnded(committed: false);
        await client.SendAsync(".\r\n");
        Assert.Equal("451 4.3.0 Local error in processing, try again later", await client.ReadReplyAsync());
        Assert.Equal(failingWrite, writes);

        sink.OnWrite = null;
        await AssertGoesOnAsync(client);
        message.AssertEnded(committed: false);
        AssertLogged(server, "WriteAsync");
    }

    [Fact]
    public async Task Of_the_writer_in_a_chunk_drains_this_chunk_and_refuses_the_next()
    {
        var sink = new RecordingSink();
        sink.OnWrite = (_, _) => Fail(synchronous: true);
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        await client.SendAsync("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
        await client.ExpectAsync("451 4.3.0");
        await client.ExpectAsync("503 ");
        await client.ExpectAsync("250 2.0.0");
        Assert.Single(sink.Messages).AssertEnded(committed: false);
        sink.OnWrite = null;
        await AssertGoesOnAsync(client);
        AssertLogged(server, "WriteAsync");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_writer_at_commit(bool synchronous)
    {
        var sink = new RecordingSink();
        sink.OnCommit = (_, _) => Fail<SmtpReply>(synchronous);
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("x\r\n.\r\n");
        Assert.Equal("451 4.3.0 Local error in processing, try again later", await client.ReadReplyAsync());

        // The commit was the last call: no abort follows.
        sink.OnCommit = null;
        await AssertGoesOnAsync(client);
        sink.Messages[0].AssertEnded(committed: true);
        AssertLogged(server, "CommitMessage");
    }

    [Fact]
    public async Task Of_a_commit_that_says_nothing()
    {
        var sink = new RecordingSink { OnCommit = (_, _) => default };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("x\r\n.\r\n");
        Assert.Equal("451 4.3.0 Local error in processing, try again later", await client.ReadReplyAsync());
        sink.OnCommit = null;
        await AssertGoesOnAsync(client);
        Assert.Contains(server.Logs.Entries, e => e.Level == LogLevel.Error && e.Error?.Message.Contains("without a reply", StringComparison.Ordinal) == true);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_the_writer_at_abort(bool synchronous)
    {
        var sink = new RecordingSink();
        sink.OnAbort = _ => Fail(synchronous);
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("lone\nline feed\r\n.\r\n");
        await client.ExpectAsync("550 5.6.0");
        await AssertGoesOnAsync(client);
        sink.Messages[0].AssertEnded(committed: false);
        AssertLogged(server, "AbortAsync");
    }

    [Fact]
    public async Task A_policy_that_answers_with_an_intermediate_reply_is_broken_and_treated_so()
    {
        SmtpReply answer = SmtpReply.Create(354, "go on");
        var policy = new ScriptedPolicy { OnSender = (_, _) => ValueTask.FromResult(answer) };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await AssertRefusedAsync(client, "MAIL FROM:<a@example.com>");
        answer = default;
        await AssertGoesOnAsync(client);
        Assert.Contains(server.Logs.Entries, e => e.Level == LogLevel.Error && e.Text.Contains("CheckSender", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_callback_on_the_token_that_throws_leaks_no_connection_and_kills_no_thread()
    {
        var called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var policy = new ScriptedPolicy
        {
            OnHello = (_, token) =>
            {
                token.Register(() =>
                {
                    called.TrySetResult();
                    throw new InvalidOperationException(Secret);
                });
                return default;
            },
        };
        await using var server = TestServer.Start(policy: policy);
        TestClient client = server.Connect();
        await client.GreetAsync();
        await client.DisposeAsync();
        await called.Task.Guarded();
        await client.Session.Guarded();
        await server.UntilEmptyAsync();
        Assert.Contains(server.Logs.Entries, e => e.Level == LogLevel.Error && e.Error is not null);
    }

    private static ValueTask<T> Fail<T>(bool synchronous) =>
        synchronous ? throw new InvalidOperationException(Secret) : FailLater<T>();

    private static async ValueTask<T> FailLater<T>()
    {
        await Task.Yield();
        throw new InvalidOperationException(Secret);
    }

    private static ValueTask Fail(bool synchronous)
    {
        return synchronous ? throw new InvalidOperationException(Secret) : FailLater();

        static async ValueTask FailLater()
        {
            await Task.Yield();
            throw new InvalidOperationException(Secret);
        }
    }

    private static async Task AssertRefusedAsync(TestClient client, string command) =>
        Assert.Equal("451 4.3.0 Local error in processing, try again later", await client.SayAsync(command));

    private static async Task AssertGoesOnAsync(TestClient client)
    {
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        await client.SayAsync("QUIT", "221 ");
        await client.ExpectEndAsync();
    }

    private static void AssertLogged(TestServer server, string seam)
    {
        LogEntry entry = Assert.Single(server.Logs.Entries, e => e.Level >= LogLevel.Warning);
        Assert.Equal(LogLevel.Error, entry.Level);
        Assert.Contains(seam, entry.Text, StringComparison.Ordinal);
        Assert.Equal(Secret, Assert.IsType<InvalidOperationException>(entry.Error).Message);
    }
}
