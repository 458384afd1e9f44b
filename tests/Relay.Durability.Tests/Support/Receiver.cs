using System.Net;
using Smtp.Core;
using Smtp.Interop;
using Smtp.Server;

namespace Relay.Durability.Tests;

/// <summary>The next hop: takes everything and keeps a ledger. Can be cut off in the middle of anything, and started again on the same port.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly Ledger _ledger;
    private SmtpServer? _server;

    internal Receiver(Ledger ledger, int port = 0)
    {
        _ledger = ledger;
        Port = port == 0 ? ProgramPort.Find() : port;
    }

    internal int Port { get; }

    /// <summary>A failed check of what arrived; an exception in the sink would look like a refusal.</summary>
    internal Exception? Failure { get; private set; }

    internal void Start()
    {
        _server = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, Port) }],
            MaximumConnectionsPerAddress = 10_000,
            MessageSink = new BufferedMessageSink((_, _, content, _) =>
            {
                try
                {
                    _ledger.OnArrived(content.Span);
                }
                catch (Exception error)
                {
                    Failure = error;
                }

                return ValueTask.FromResult(Replies.MessageAccepted);
            }),
        });
        _server.Start();
    }

    /// <summary>Cuts all connections, wherever they are.</summary>
    internal async Task CutAsync()
    {
        await _server!.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
