using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Smtp.Server;

namespace Smtp.Testing;

/// <summary>Accepts the connections itself, so that it can drop one.</summary>
internal sealed class TestListener : IAsyncDisposable
{
    private readonly SmtpServer _server;
    private readonly SmtpListenerOptions _rules;
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<EndPoint, Socket> _sockets = new();
    private readonly Task _accepting;

    internal TestListener(SmtpServer server, SmtpTestServerOptions options)
    {
        _server = server;
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, options.Port));
        _listening.Listen();
        EndPoint = (IPEndPoint)_listening.LocalEndPoint!;
        _rules = new SmtpListenerOptions
        {
            EndPoint = EndPoint,
            Tls = options.Tls,
            RequireAuthentication = options.RequireAuthentication,
            AllowPlaintextAuthentication = true,
        };
        server.DemandListener(_rules);
        _accepting = AcceptAsync();
    }

    internal IPEndPoint EndPoint { get; }

    internal void Drop(EndPoint client)
    {
        if (_sockets.TryRemove(client, out Socket? socket))
        {
            // Reset, as by a server that has crashed.
            socket.Close(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listening.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (EndPoint client in _sockets.Keys)
        {
            Drop(client);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket socket = await _listening.AcceptAsync().ConfigureAwait(false);
                _ = ServeAsync(socket);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        EndPoint client = socket.RemoteEndPoint!;
        socket.NoDelay = true;
        _sockets[client] = socket;
        try
        {
            var stream = new NetworkStream(socket, ownsSocket: true);
            await using (stream.ConfigureAwait(false))
            {
                await _server.RunAsync(new AcceptedConnection
                {
                    Transport = new StreamPipes(stream),
                    LocalEndPoint = socket.LocalEndPoint,
                    RemoteEndPoint = client,
                    Listener = _rules,
                    Abort = socket.Dispose,
                }).ConfigureAwait(false);
            }
        }
        catch (InvalidOperationException)
        {
            // The server stops.
        }
        finally
        {
            _sockets.TryRemove(client, out _);
            socket.Dispose();
        }
    }

    private sealed class StreamPipes(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
