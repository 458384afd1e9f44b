using System.Net;
using System.Text;
using Smtp.Client;
using Smtp.Hosting;
using Smtp.Server;

namespace Smtp.Packages.Tests.Forwarding;

/// <summary>A server that forwards to another one, and a client of its own.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    internal const string Text = "From: <you@example.com>\r\nSubject: Hello\r\n\r\n.Hello.\r\n";

    private readonly SmtpServer _server;
    private readonly SmtpClient _next;
    private readonly SmtpClient _sender;

    private Gateway(SmtpServer server, SmtpClient next, SmtpClient sender)
    {
        _server = server;
        _next = next;
        _sender = sender;
    }

    internal IPEndPoint EndPoint => (IPEndPoint)_server.EndPoints[0];

    internal SmtpServer Server => _server;

    internal static Gateway Start(int nextPort, Func<SmtpClient, IMessageSink>? sink = null, bool isLmtp = false, SmtpClientOptions? next = null)
    {
        var nextClient = new SmtpClient(next ?? new SmtpClientOptions { Host = "127.0.0.1", Port = nextPort, Tls = SmtpTlsMode.None });
        var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Lmtp = isLmtp }],
            MessageSink = (sink ?? Open)(nextClient),
            Timeouts = new SmtpServerTimeouts { ShutdownGrace = TimeSpan.Zero },
        });
        server.Start();
        var sender = new SmtpClient(new SmtpClientOptions { Host = "127.0.0.1", Port = ((IPEndPoint)server.EndPoints[0]).Port, Tls = SmtpTlsMode.None, Lmtp = isLmtp });
        return new Gateway(server, nextClient, sender);
    }

    /// <summary>Forwards for everybody.</summary>
    internal static ForwardMessageSink Open(SmtpClient next) => new(next) { Permits = (_, _) => true, HostName = "gateway.example.com" };

    /// <summary>Sends through the gateway.</summary>
    /// <returns>What the sender was told of each recipient.</returns>
    internal async Task<string[]> SendAsync(string text = Text, params string[] to)
    {
        SendResult result = await _sender.SendAsync(
            new SmtpMessage("you@example.com", to.Length > 0 ? to : ["friend@example.net"], Encoding.UTF8.GetBytes(text)), TestContext.Current.CancellationToken);
        return [.. result.Recipients.Select(recipient => recipient.Reply.ToString())];
    }

    public async ValueTask DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _server.DisposeAsync();
        await _next.DisposeAsync();
    }
}
