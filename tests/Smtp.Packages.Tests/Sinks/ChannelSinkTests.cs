using System.Net;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Packages.Tests.Sinks;

public sealed class ChannelSinkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_client_hears_what_the_reader_says_and_not_before()
    {
        var sink = new ChannelMessageSink();
        await using SmtpServer server = Start(sink);
        Task<SendResult> sending = Letter.SendAsync(server.EndPoints[0]);
        PendingMessage message = await sink.Messages.ReadAsync(Token);
        Assert.Equal("you@example.com", message.ReversePath.ToString());
        Assert.Equal(Letter.Text, System.Text.Encoding.UTF8.GetString(message.Content.Span));
        Assert.False(sending.IsCompleted);
        Assert.True(message.Accept());
        Assert.False(message.Refuse(Replies.LocalError));
        Assert.True((await sending).IsAccepted);

        sending = Letter.SendAsync(server.EndPoints[0]);
        Assert.True((await sink.Messages.ReadAsync(Token)).Refuse(Replies.RelayDenied));
        Assert.Equal(550, (await sending).Recipients[0].Reply.Code);
    }

    [Fact]
    public async Task A_message_that_nobody_answers_is_no_success()
    {
        var sink = new ChannelMessageSink();
        await using SmtpServer server = Start(sink);
        Task<SendResult> sending = Letter.SendAsync(server.EndPoints[0]);
        PendingMessage message = await sink.Messages.ReadAsync(Token);
        await server.StopAsync(Token);
        Assert.Equal(451, (await sending).Recipients[0].Reply.Code);
        Assert.False(message.Accept());
    }

    [Fact]
    public async Task A_completed_channel_takes_no_more()
    {
        var sink = new ChannelMessageSink();
        await using SmtpServer server = Start(sink);
        sink.Complete();
        Assert.Equal(451, (await Letter.SendAsync(server.EndPoints[0])).Recipients[0].Reply.Code);
        Assert.True(sink.Messages.Completion.IsCompleted);
    }

    private static SmtpServer Start(IMessageSink sink)
    {
        var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = sink,
            Timeouts = new SmtpServerTimeouts { ShutdownGrace = TimeSpan.Zero },
        });
        server.Start();
        return server;
    }
}
