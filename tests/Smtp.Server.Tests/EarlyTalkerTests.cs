using System.Net;

namespace Smtp.Server.Tests;

/// <summary>A greeting that is held back, and who does not wait for it.</summary>
public sealed class EarlyTalkerTests
{
    [Fact]
    public async Task Who_talks_before_the_greeting_is_refused()
    {
        await using TestServer server = Start();
        await using TestClient client = await server.ConnectSocketAsync();
        await client.SendAsync("EHLO spam.example\r\nMAIL FROM:<a@example.com>\r\n");
        Task<string> reply = client.ReadReplyAsync();
        await server.UntilAsync(reply);
        Assert.StartsWith("554 5.5.0", await reply, StringComparison.Ordinal);
        await client.ExpectEndAsync();
        Assert.Empty(server.Sink.Messages);
    }

    [Fact]
    public async Task Who_waits_is_greeted_behind_the_delay_and_served()
    {
        await using TestServer server = Start();
        await using TestClient client = await server.ConnectSocketAsync();
        Task<string> greeting = client.ReadReplyAsync();
        server.Time.Advance(TimeSpan.FromSeconds(4.5));
        Assert.False(greeting.IsCompleted);
        await server.UntilAsync(greeting);
        Assert.StartsWith("220 ", await greeting, StringComparison.Ordinal);
        await client.SayAsync("EHLO x.example", "250-");
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
    }

    private static TestServer Start() => TestServer.Start(listeners: new SmtpListenerOptions
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        GreetingDelay = TimeSpan.FromSeconds(5),
    });
}
