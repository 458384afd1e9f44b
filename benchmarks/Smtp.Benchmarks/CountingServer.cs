using System.Net;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Benchmarks;

/// <summary>A server in this process on a port of its own that takes all messages and keeps none.</summary>
internal sealed class CountingServer : IMessageSink, IMessageWriter
{
    private readonly SmtpServer _server;

    internal CountingServer()
    {
        _server = new SmtpServer(new SmtpServerOptions
        {
            HostName = "bench.example.com",
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = this,
        });
        _server.Start();
    }

    internal IPEndPoint EndPoint => (IPEndPoint)_server.EndPoints[0];

    internal Task StopAsync() => _server.StopAsync();

    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MessageOpening.Accept(this));

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => default;

    public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Replies.MessageAccepted);

    public ValueTask AbortAsync() => default;
}
