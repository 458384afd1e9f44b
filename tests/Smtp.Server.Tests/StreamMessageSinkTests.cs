using System.Text;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>A message as a stream.</summary>
public sealed class StreamMessageSinkTests
{
    [Fact]
    public async Task The_delegate_reads_the_content_to_its_end_and_its_reply_is_the_answer()
    {
        string content = string.Empty;
        string sender = string.Empty;
        await using TestServer server = Start(async (_, envelope, stream, token) =>
        {
            sender = envelope.ReversePath.ToString();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            content = await reader.ReadToEndAsync(token);
            return SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "as 42");
        });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.Equal("250 2.0.0 as 42", await client.SendMessageAsync("Subject: x\r\n\r\n..dot\r\n"));
        Assert.Equal("Subject: x\r\n\r\n.dot\r\n", content);
        Assert.Equal("a@example.com", sender);
    }

    [Fact]
    public async Task What_is_not_read_yet_holds_the_client_back()
    {
        var release = new TaskCompletionSource();
        long length = 0;
        await using TestServer server = Start(async (_, _, stream, token) =>
        {
            await release.Task;
            byte[] buffer = new byte[4096];
            int count;
            while ((count = await stream.ReadAsync(buffer, token)) > 0)
            {
                length += count;
            }

            return Replies.MessageAccepted;
        });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        long before = client.Pipe!.Taken;
        byte[] body = BodyStreamingTests.Lines(2 * 1000 * 1000);
        Task sending = client.SendAsync(body);
        while (client.Pipe.Taken - before < 64 * 1024)
        {
            await Task.Yield();
        }

        // The sink's bound and what was read already; not the message.
        Assert.InRange(client.Pipe.Taken - before, 64 * 1024, 200 * 1024);
        Assert.False(sending.IsCompleted);
        release.SetResult();
        await sending;
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("250 2.0.0");
        Assert.Equal(body.Length, length);
    }

    [Fact]
    public async Task It_may_return_before_the_end_and_the_rest_is_dropped()
    {
        await using TestServer server = Start((_, _, _, _) => Task.FromResult(SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "not this")));
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync(BodyStreamingTests.Lines(1000 * 1000));
        await client.SendAsync(".\r\n");
        await client.ExpectAsync("550 5.7.1 not this");
        await client.SayAsync("NOOP", "250 ");
    }

    [Fact]
    public async Task An_exception_is_451_without_its_text_and_is_logged()
    {
        await using TestServer server = Start((_, _, _, _) => throw new InvalidOperationException("secret path"));
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        string reply = await client.SendMessageAsync();
        Assert.StartsWith("451 4.3.0", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", reply, StringComparison.Ordinal);
        Assert.Single(server.Logs.Entries, e => e.Error is InvalidOperationException);
        await client.SayAsync("NOOP", "250 ");
    }

    [Fact]
    public async Task A_client_that_goes_half_way_fails_the_reading()
    {
        var seen = new TaskCompletionSource<Exception?>();
        await using TestServer server = Start(async (_, _, stream, token) =>
        {
            try
            {
                await stream.CopyToAsync(Stream.Null, token);
                seen.SetResult(null);
            }
            catch (IOException error)
            {
                seen.SetResult(error);
                throw;
            }

            return Replies.MessageAccepted;
        });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        await client.StartDataAsync();
        await client.SendAsync("Subject: half\r\n");
        await client.EndWritingAsync();
        await client.Session.Guarded();
        Assert.IsType<IOException>(await seen.Task.Guarded());
        Assert.DoesNotContain(server.Logs.Entries, e => e.EventId == 20);
    }

    [Fact]
    public async Task A_message_that_is_refused_for_its_content_fails_the_reading()
    {
        bool ended = false;
        await using TestServer server = Start(async (_, _, stream, token) =>
        {
            await stream.CopyToAsync(Stream.Null, token);
            ended = true;
            return Replies.MessageAccepted;
        });
        await using TestClient client = server.Connect();
        await client.GreetAsync();
        Assert.StartsWith("550 5.6.0", await client.SendMessageAsync("a\nb\r\n"), StringComparison.Ordinal);
        Assert.False(ended);
    }

    private static TestServer Start(Func<SmtpSessionContext, Envelope, Stream, CancellationToken, Task<SmtpReply>> onMessage) =>
        TestServer.Start(messages: new StreamMessageSink(onMessage));
}
