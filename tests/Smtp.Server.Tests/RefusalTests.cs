using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>What policies and sinks answer is what the client reads.</summary>
public sealed class RefusalTests
{
    private static readonly SmtpReply Greylisted = SmtpReply.Create(450, new EnhancedStatus(4, 7, 1), "Greylisted\ncome back in 5 minutes");
    private static readonly SmtpReply GoAway = SmtpReply.Create(421, new EnhancedStatus(4, 7, 0), "Go away");

    [Fact]
    public async Task A_multi_line_refusal_comes_whole()
    {
        var policy = new ScriptedPolicy { OnRecipient = (_, _) => ValueTask.FromResult(Greylisted) };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        Assert.Equal("450-4.7.1 Greylisted\r\n450 4.7.1 come back in 5 minutes", await client.SayAsync("RCPT TO:<b@example.net>"));
        await client.SayAsync("DATA", "554 5.5.1");
        await client.SayAsync("QUIT", "221 ");
    }

    [Fact]
    public async Task A_positive_reply_in_other_words_accepts()
    {
        var policy = new ScriptedPolicy
        {
            OnSender = (_, _) => ValueTask.FromResult(SmtpReply.Create(250, new EnhancedStatus(2, 1, 0), "Nice to see you")),
        };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.Equal("250 2.1.0 Nice to see you", await client.SayAsync("MAIL FROM:<a@example.com>"));
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
    }

    [Theory]
    [InlineData("client")]
    [InlineData("hello")]
    [InlineData("sender")]
    [InlineData("recipient")]
    [InlineData("open")]
    [InlineData("commit")]
    public async Task A_421_closes_the_connection_behind_it(string where)
    {
        var policy = new ScriptedPolicy
        {
            OnClient = (_, _) => ValueTask.FromResult(where == "client" ? GoAway : default),
            OnHello = (_, _) => ValueTask.FromResult(where == "hello" ? GoAway : default),
            OnSender = (_, _) => ValueTask.FromResult(where == "sender" ? GoAway : default),
            OnRecipient = (_, _) => ValueTask.FromResult(where == "recipient" ? GoAway : default),
        };
        var sink = new RecordingSink
        {
            OnOpen = _ => ValueTask.FromResult<MessageOpening?>(where == "open" ? MessageOpening.Refuse(GoAway) : null),
            OnCommit = (_, _) => ValueTask.FromResult(where == "commit" ? GoAway : Replies.MessageAccepted),
        };
        await using var server = TestServer.Start(sink, policy);
        await using TestClient client = await server.ConnectSocketAsync();
        string[] commands = ["EHLO x.example", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA", "x\r\n."];
        int told = Array.IndexOf(["client", "hello", "sender", "recipient", "open", "commit"], where);
        for (int i = 0; i < told; i++)
        {
            Assert.Matches("^[23]", await client.ReadReplyAsync());
            await client.SendAsync(commands[i] + "\r\n");
        }

        Assert.Equal("421 4.7.0 Go away", await client.ReadReplyAsync());
        await client.ExpectEndAsync();
        await client.DisposeAsync();
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task A_421_reaches_a_client_that_had_sent_much_more()
    {
        // Closing over unread octets resets a connection, and the reset overtakes the reply: the server has to read first.
        var policy = new ScriptedPolicy { OnSender = (_, _) => ValueTask.FromResult(GoAway) };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SendAsync("MAIL FROM:<a@example.com>\r\n" + string.Concat(Enumerable.Repeat("RCPT TO:<b@example.net>\r\n", 4000)));
        Assert.Equal("421 4.7.0 Go away", await client.ReadReplyAsync());
        await client.ExpectEndAsync();

        // It reads on: a closed socket would answer the first of these with a reset, and the second one would fail.
        await client.SendAsync("RCPT TO:<b@example.net>\r\n");
        await client.SendAsync("RCPT TO:<b@example.net>\r\n");
        await client.DisposeAsync();
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task A_client_that_does_not_go_behind_a_421_is_closed_all_the_same()
    {
        var policy = new ScriptedPolicy { OnSender = (_, _) => ValueTask.FromResult(GoAway) };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "421 ");
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task A_554_greeting_lets_the_client_quit_only()
    {
        var policy = new ScriptedPolicy { OnClient = (_, _) => ValueTask.FromResult(SmtpReply.Create(554, new EnhancedStatus(5, 7, 1), "No")) };
        await using var server = TestServer.Start(policy: policy);
        await using TestClient client = server.Connect();
        Assert.Equal("554 5.7.1 No", await client.ReadReplyAsync());
        await client.SayAsync("EHLO x.example", "503 ");
        await client.SayAsync("QUIT", "221 ");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task A_sink_that_refuses_at_open_is_not_written_to()
    {
        SmtpReply full = SmtpReply.Create(452, new EnhancedStatus(4, 3, 1), "Disk full");
        var sink = new RecordingSink { OnOpen = _ => ValueTask.FromResult<MessageOpening?>(MessageOpening.Refuse(full)) };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        Assert.Equal("452 4.3.1 Disk full", await client.SayAsync("DATA"));
        Assert.Empty(sink.Messages);

        // With BDAT the body is on its way already: it is dropped and never run.
        await client.SayAsync("RSET", "250 ");
        await client.SendAsync("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
        await client.ExpectAsync("250 ");
        await client.ExpectAsync("250 ");
        await client.ExpectAsync("452 4.3.1 Disk full");
        await client.ExpectAsync("250 ");
        Assert.Empty(sink.Messages);
    }

    [Fact]
    public async Task A_commit_is_answered_in_the_sinks_own_words()
    {
        SmtpReply queued = SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "Queued as 42");
        SmtpReply rejected = SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "Spam");
        SmtpReply answer = queued;
        var sink = new RecordingSink { OnCommit = (_, _) => ValueTask.FromResult(answer) };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.Equal("250 2.0.0 Queued as 42", await client.SendMessageAsync());
        answer = rejected;
        Assert.Equal("550 5.7.1 Spam", await client.SendMessageAsync());
        answer = queued;
        Assert.Equal("250 2.0.0 Queued as 42", await client.SendMessageAsync());
        Assert.All(sink.Messages, m => m.AssertEnded(committed: true));
    }

    [Fact]
    public async Task An_opening_with_neither_writer_nor_refusal_is_an_error_of_ours()
    {
        var sink = new RecordingSink { OnOpen = _ => ValueTask.FromResult<MessageOpening?>(default(MessageOpening)) };
        await using var server = TestServer.Start(sink);
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        await client.SayAsync("DATA", "451 4.3.0");
    }
}
