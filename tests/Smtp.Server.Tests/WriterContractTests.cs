using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>Commit or abort, exactly once, whatever way a message or its session ends.</summary>
public sealed class WriterContractTests
{
    private const string Envelope = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n";

    [Fact]
    public async Task A_client_that_goes_in_the_middle_of_a_body()
    {
        await using var server = TestServer.Start();
        TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("half a mess");
        await client.DisposeAsync();
        await client.Session.Guarded();
        RecordedMessage message = Assert.Single(server.Sink.Messages);
        message.AssertEnded(committed: false);
        Assert.Equal("half a mess", message.Text);
    }

    [Fact]
    public async Task A_client_that_resets_in_the_middle_of_a_body()
    {
        await using var server = TestServer.Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("half a mess");
        client.Reset();
        (await server.Sink.NextEndedAsync()).AssertEnded(committed: false);
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task A_client_that_goes_behind_the_354()
    {
        await using var server = TestServer.Start();
        TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.DisposeAsync();
        await client.Session.Guarded();
        Assert.Single(server.Sink.Messages).AssertEnded(committed: false);
    }

    [Fact]
    public async Task A_client_that_goes_behind_the_end_of_data_before_its_reply()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sink = new RecordingSink
        {
            OnCommit = async (_, token) =>
            {
                entered.SetResult();
                await gate.Task;

                // The message is complete, so that it does not matter who has gone.
                Assert.False(token.IsCancellationRequested);
                return Replies.MessageAccepted;
            },
        };
        await using var server = TestServer.Start(sink);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("x\r\n.\r\n");
        await entered.Task.Guarded();
        client.Reset();
        server.Time.Advance(TimeSpan.FromSeconds(5));
        gate.SetResult();
        (await sink.NextEndedAsync()).AssertEnded(committed: true);
        await server.UntilEmptyAsync();
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_read_to_its_end_and_refused()
    {
        await using var server = TestServer.Start(limits: new Smtp.Core.SmtpLimits { MaximumMessageSize = 65536 });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync(BodyStreamingTests.Lines(65536 + 72));
        RecordedMessage message = await server.Sink.NextEndedAsync();
        message.AssertEnded(committed: false);
        Assert.True(message.Length <= 65536);
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("552 5.3.4");
        Assert.StartsWith("250 ", await client.SendMessageAsync(), StringComparison.Ordinal);
        message.AssertEnded(committed: false);
    }

    [Fact]
    public async Task A_message_of_exactly_the_limit_is_taken()
    {
        await using var server = TestServer.Start(limits: new Smtp.Core.SmtpLimits { MaximumMessageSize = 65536 });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync(BodyStreamingTests.Lines(65536));
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("250 2.0.0");
        Assert.Single(server.Sink.Messages).AssertEnded(committed: true);
    }

    [Theory]
    [InlineData("lone \n line feed")]
    [InlineData("lone \r carriage return")]
    [InlineData("x\n.\n")]
    [InlineData("x\n.\r\nMAIL FROM:<evil@example.org>")]
    [InlineData("x\r\n.\r\r\nMAIL FROM:<evil@example.org>")]
    public async Task A_lone_line_ending_is_refused_behind_the_real_end(string content)
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync(content + "\r\n.\r\nNOOP\r\n");
        await client.ExpectAsync("550 5.6.0");
        await client.ExpectAsync("250 2.0.0 OK");
        Assert.Single(server.Sink.Messages).AssertEnded(committed: false);
    }

    [Theory]
    [InlineData("RSET", "250 2.0.0")]
    [InlineData("EHLO again.example", "250-mail.example.com")]
    [InlineData("HELO again.example", "250 mail.example.com")]
    public async Task A_command_that_clears_between_chunks_aborts_before_anything_else(string command, string reply)
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync(Envelope + "BDAT 4\r\nhalf");
        await client.ExpectAsync("250 2.1.0");
        await client.ExpectAsync("250 2.1.5");
        await client.ExpectAsync("250 2.0.0");
        await client.SayAsync(command, reply);
        (await server.Sink.NextEndedAsync()).AssertEnded(committed: false);

        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync("whole\r\n"), StringComparison.Ordinal);
        Assert.Equal(2, server.Sink.Messages.Count);
        server.Sink.Messages[0].AssertEnded(committed: false);
        server.Sink.Messages[1].AssertEnded(committed: true);
        Assert.Equal("whole\r\n", server.Sink.Messages[1].Text);
    }

    [Fact]
    public async Task A_clearing_command_pipelined_with_the_next_message_aborts_the_first_alone()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync(
            Envelope + "BDAT 4\r\nhalfEHLO again.example\r\n" + Envelope + "BDAT 4\r\nhalfRSET\r\n" + Envelope + "BDAT 6 LAST\r\nwhole!");
        string[] transaction = ["250 2.1.0", "250 2.1.5", "250 2.0.0"];
        foreach (string reply in (string[])[.. transaction, "250-", .. transaction, "250 2.0.0", .. transaction])
        {
            await client.ExpectAsync(reply);
        }

        Assert.Equal(3, server.Sink.Messages.Count);
        server.Sink.Messages[0].AssertEnded(committed: false);
        server.Sink.Messages[1].AssertEnded(committed: false);
        server.Sink.Messages[2].AssertEnded(committed: true);
        Assert.Equal("whole!", server.Sink.Messages[2].Text);
    }

    [Theory]
    [InlineData("QUIT\r\n", "221 ")]
    [InlineData("BDAT x\r\n", "501 ")]
    [InlineData("", "")]
    public async Task A_session_that_ends_between_chunks(string command, string reply)
    {
        await using var server = TestServer.Start();
        TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync(Envelope + "BDAT 4\r\nhalf");
        await client.ExpectAsync("250 2.1.0");
        await client.ExpectAsync("250 2.1.5");
        await client.ExpectAsync("250 2.0.0");
        await client.SendAsync(command);
        if (reply.Length > 0)
        {
            await client.ExpectAsync(reply);
        }

        await client.DisposeAsync();
        await client.Session.Guarded();
        Assert.Single(server.Sink.Messages).AssertEnded(committed: false);
    }

    [Fact]
    public async Task A_chunk_over_the_limit_behind_others_aborts_and_drains()
    {
        await using var server = TestServer.Start(limits: new Smtp.Core.SmtpLimits { MaximumMessageSize = 65536 });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.SendAsync(Envelope + "BDAT 4\r\nhalfBDAT 65536 LAST\r\n");
        await client.ExpectAsync("250 2.1.0");
        await client.ExpectAsync("250 2.1.5");
        await client.ExpectAsync("250 2.0.0");
        (await server.Sink.NextEndedAsync()).AssertEnded(committed: false);
        await client.SendAsync(BodyStreamingTests.Lines(65536));
        await client.ExpectAsync("552 5.3.4");
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        server.Sink.Messages[0].AssertEnded(committed: false);
    }

    [Fact]
    public async Task Every_message_of_a_pipelined_session_is_committed_once_and_in_order()
    {
        await using var server = TestServer.Start();
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        string all = string.Concat(Enumerable.Range(0, 50).Select(i => $"{Envelope}DATA\r\nmessage {i}\r\n.\r\n"));
        Task sending = client.SendAsync(all);
        for (int i = 0; i < 50; i++)
        {
            await client.ExpectAsync("250 2.1.0");
            await client.ExpectAsync("250 2.1.5");
            await client.ExpectAsync("354 ");
            await client.ExpectAsync("250 2.0.0");
        }

        await sending;
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"message {i}\r\n"), server.Sink.Messages.Select(m => m.Text));
        Assert.All(server.Sink.Messages, m => m.AssertEnded(committed: true));
    }
}
