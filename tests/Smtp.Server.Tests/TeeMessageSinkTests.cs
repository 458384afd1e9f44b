using System.Collections.Concurrent;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>One message to several sinks.</summary>
public sealed class TeeMessageSinkTests
{
    private readonly ConcurrentQueue<string> _order = new();
    private readonly RecordingSink _first = new();
    private readonly RecordingSink _second = new();
    private readonly RecordingSink _third = new();

    public TeeMessageSinkTests()
    {
        foreach ((string name, RecordingSink sink) in new[] { ("first", _first), ("second", _second), ("third", _third) })
        {
            sink.OnCommit = (_, _) => Note($"{name} commits");
            sink.OnAbort = async _ => await Note($"{name} aborts");
        }
    }

    [Fact]
    public async Task All_get_the_message_and_commit_in_their_order()
    {
        await using TestServer server = Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.StartsWith("250 2.0.0 Message accepted", await client.SendMessageAsync(), StringComparison.Ordinal);
        Assert.Equal(["first commits", "second commits", "third commits"], _order);
        foreach (RecordingSink sink in new[] { _first, _second, _third })
        {
            RecordedMessage message = Assert.Single(sink.Messages);
            message.AssertEnded(committed: true);
            Assert.Equal("Subject: hello\r\n\r\nText.\r\n", message.Text);
        }
    }

    [Fact]
    public async Task The_answer_is_the_first_ones()
    {
        _first.OnCommit = (_, _) => ValueTask.FromResult(SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "one"));
        _second.OnCommit = (_, _) => ValueTask.FromResult(SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "two"));
        await ExpectAsync("250 2.0.0 one");
    }

    [Fact]
    public async Task A_refusal_to_open_aborts_those_before_it_and_asks_none_behind_it()
    {
        _second.OnOpen = _ => ValueTask.FromResult<MessageOpening?>(MessageOpening.Refuse(Replies.RelayDenied));
        await using TestServer server = Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        await client.SayAsync("DATA", "550 5.7.1");
        Assert.Equal(["first aborts"], _order);
        Assert.Empty(_third.Messages);
        _second.OnOpen = null;
        await client.SayAsync("RSET", "250 ");
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_while_opening_aborts_those_before_it()
    {
        _third.OnOpen = _ => throw new InvalidOperationException("no disk");
        await using TestServer server = Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        await client.SayAsync("DATA", "451 4.3.0");
        Assert.Equal(["first aborts", "second aborts"], _order);
        Assert.Single(server.Logs.Entries, e => e.Error is InvalidOperationException { Message: "no disk" });
    }

    [Fact]
    public async Task A_refusal_to_commit_is_the_answer_and_those_behind_it_are_aborted()
    {
        _second.OnCommit = async (_, _) =>
        {
            await Note("second refuses");
            return SmtpReply.Create(452, new EnhancedStatus(4, 3, 1), "full");
        };
        await ExpectAsync("452 4.3.1 full");
        Assert.Equal(["first commits", "second refuses", "third aborts"], _order);
    }

    [Fact]
    public async Task An_exception_while_committing_is_451_and_those_behind_it_are_aborted()
    {
        _first.OnCommit = (_, _) => throw new InvalidOperationException("no disk");
        await ExpectAsync("451 4.3.0");
        Assert.Equal(["second aborts", "third aborts"], _order);
        Assert.Equal(0, Assert.Single(_first.Messages).Aborts);
    }

    [Fact]
    public async Task An_exception_while_writing_aborts_all_of_them_once()
    {
        _second.OnWrite = (_, _) => throw new InvalidOperationException("no disk");
        await ExpectAsync("451 4.3.0");
        Assert.Equal(["first aborts", "second aborts", "third aborts"], _order);
        Assert.All(new[] { _first, _second, _third }, sink => Assert.Single(sink.Messages).AssertEnded(committed: false));
        Assert.Equal(0, _third.Messages[0].Length);
    }

    [Fact]
    public async Task An_exception_while_aborting_does_not_spare_the_others()
    {
        _first.OnAbort = _ => throw new InvalidOperationException("no disk");
        await using TestServer server = Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("half");
        await client.EndWritingAsync();
        await client.Session.Guarded();
        Assert.Equal(["second aborts", "third aborts"], _order);
        Assert.Single(server.Logs.Entries, e => e.EventId == 20);
    }

    [Fact]
    public async Task The_slowest_holds_the_client_back()
    {
        var release = new TaskCompletionSource();
        _second.OnWrite = async (_, _) => await release.Task;
        await using TestServer server = Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        Task sending = client.SendAsync(BodyStreamingTests.Lines(1000 * 1000));
        Assert.Equal(0, _third.Messages[0].Length);
        Assert.False(sending.IsCompleted);
        release.SetResult();
        await sending;
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("250 ");
        Assert.Equal(_first.Messages[0].Content, _third.Messages[0].Content);
    }

    [Fact]
    public void What_is_supported_is_what_all_support()
    {
        var tee = new TeeMessageSink(
            new RecordingSink { SupportedExtensions = SmtpExtensions.SmtpUtf8 | SmtpExtensions.Dsn },
            new RecordingSink { SupportedExtensions = SmtpExtensions.Dsn | SmtpExtensions.BinaryMime });
        Assert.Equal(SmtpExtensions.Dsn, tee.SupportedExtensions);
        Assert.Throws<ArgumentOutOfRangeException>(() => new TeeMessageSink());
    }

    private async ValueTask<SmtpReply> Note(string what)
    {
        _order.Enqueue(what);
        await Task.Yield();
        return Replies.MessageAccepted;
    }

    private async Task ExpectAsync(string answer)
    {
        await using TestServer server = Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.StartsWith(answer, await client.SendMessageAsync(), StringComparison.Ordinal);

        // The session goes on.
        await client.SayAsync("NOOP", "250 ");
    }

    private TestServer Start() => TestServer.Start(messages: new TeeMessageSink(_first, _second, _third));
}
