using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ObjectPool;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>An ESMTP server over sockets: accepts connections, runs a session on each, and stops without losing what it promised.</summary>
/// <example>
/// <code>
/// await using var server = new SmtpServer(new SmtpServerOptions
/// {
///     HostName = "mail.example.com",
///     Listeners = [new SmtpListenerOptions { EndPoint = IPEndPoint.Parse("127.0.0.1:2525") }],
///     MessageSink = new MySink(),
/// });
/// server.Start();
/// </code>
/// </example>
public sealed partial class SmtpServer : IAsyncDisposable
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<long, SmtpServerConnection> _connections = new();
    private readonly ConditionalWeakTable<SmtpListenerOptions, ServerProfile> _handedProfiles = [];
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _acceptLoops = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stoppedForGood = new();
    private readonly Lock _lock = new();
    private readonly SmtpListenerOptions _pipeListener;
    private readonly ServerProfile _pipeProfile;
    private readonly ILogger _logger;
    private readonly long _startedAt;
    private ITimer? _heartbeat;
    private Task? _stop;
    private int _connectionCount;
    private int _delayed;
    private long _lastId;
    private long _now;

    /// <summary>Makes a server that does not listen yet.</summary>
    /// <param name="options">What it is made from.</param>
    /// <exception cref="ArgumentException">The options contradict each other; the message names the option, its value and what is allowed.</exception>
    public SmtpServer(SmtpServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        Demand(options);
        Throttle = new AuthenticationThrottle(options.AuthenticationLimits);
        Profiles = [.. options.Listeners.Select(l => l.CreateProfile(options))];
        _pipeListener = new SmtpListenerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.None, 0),
            Tls = options.Certificates is null ? TlsMode.None : TlsMode.StartTls,
        };
        _pipeProfile = _pipeListener.CreateProfile(options);
        _logger = options.LoggerFactory.CreateLogger("Smtp.Server");
        ProtocolLogger = options.LoggerFactory.CreateLogger("Smtp.Server.Protocol");
        ConnectionLogger = options.LoggerFactory.CreateLogger("Smtp.Server.Connections");
        Sessions = new DefaultObjectPool<ServerSession>(new SessionPolicy(_pipeProfile), maximumRetained: 1024);
        _startedAt = options.TimeProvider.GetTimestamp();
    }

    /// <summary>The options as given.</summary>
    public SmtpServerOptions Options { get; }

    /// <summary>Where the server listens, in the order of the listeners, with the ports that port 0 got. Empty before <see cref="Start"/>.</summary>
    public IReadOnlyList<EndPoint> EndPoints { get; private set; } = [];

    /// <summary>How many connections are open.</summary>
    public int ConnectionCount => Volatile.Read(ref _connectionCount);

    /// <summary>What the open connections run over.</summary>
    internal IEnumerable<ConnectionTransport> Transports => _connections.Values.Select(connection => connection.Transport);

    /// <summary>How many connections hold replies back.</summary>
    internal int DelayedCount => Volatile.Read(ref _delayed);

    internal ILogger ConnectionLogger { get; }

    internal ILogger ProtocolLogger { get; }

    internal SmtpServerMetrics Metrics { get; } = new();

    internal AddressCounter Addresses { get; } = new();

    internal AuthenticationThrottle Throttle { get; }

    internal ObjectPool<ServerSession> Sessions { get; }

    internal bool IsStopping => _stopping.IsCancellationRequested;

    internal bool IsStoppedForGood => _stoppedForGood.IsCancellationRequested;

    internal CancellationToken StoppedForGood => _stoppedForGood.Token;

    /// <summary>Milliseconds since the server was made, as of the last heartbeat. Reading the clock for each read of each connection would cost more.</summary>
    internal long Now => Volatile.Read(ref _now);

    private ServerProfile[] Profiles { get; }

    /// <summary>Starts listening on all listeners, or on none.</summary>
    /// <exception cref="SocketException">An address cannot be listened on; the message names it. None of the others is listened on either.</exception>
    /// <exception cref="InvalidOperationException">The server was started before.</exception>
    public void Start()
    {
        lock (_lock)
        {
            if (_heartbeat is not null || _stop is not null)
            {
                throw new InvalidOperationException("A server starts once.");
            }

            try
            {
                foreach (SmtpListenerOptions listener in Options.Listeners)
                {
                    _sockets.Add(Listen(listener));
                }
            }
            catch
            {
                CloseListeners();
                _sockets.Clear();
                throw;
            }

            EndPoints = [.. _sockets.Select(socket => socket.LocalEndPoint!)];
            _heartbeat = Options.TimeProvider.CreateTimer(static state => ((SmtpServer)state!).OnHeartbeat(), this, HeartbeatInterval, HeartbeatInterval);
            for (int i = 0; i < _sockets.Count; i++)
            {
                ServerLog.Listening(_logger, EndPoints[i], Options.Listeners[i].Tls);
                _acceptLoops.Add(AcceptAsync(_sockets[i], Options.Listeners[i], Profiles[i]));
            }
        }
    }

    /// <summary>
    /// Stops: listens no more, says 421 to who is idle, lets open transactions end within <see cref="SmtpServerTimeouts.ShutdownGrace"/>, then says 421 to them
    /// too. A commit in progress is always awaited, so that nothing that was stored goes unanswered.
    /// </summary>
    /// <param name="cancellationToken">Ends the patience: what is open then is cut. Commits are awaited even so.</param>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return _stop ??= StopOnceAsync(cancellationToken);
        }
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
        _stoppedForGood.Dispose();
        Metrics.Dispose();
    }

    /// <summary>Takes a place among the connections whose replies are held back, unless all are taken. <see cref="LeaveDelay"/> gives it back.</summary>
    internal bool TryEnterDelay()
    {
        if (Interlocked.Increment(ref _delayed) <= Options.MaximumDelayedConnections)
        {
            return true;
        }

        LeaveDelay();
        return false;
    }

    internal void LeaveDelay() => Interlocked.Decrement(ref _delayed);

    internal void OnClosed(SmtpServerConnection connection)
    {
        _connections.TryRemove(connection.Id, out _);
        Interlocked.Decrement(ref _connectionCount);
    }

    private static Socket Listen(SmtpListenerOptions listener)
    {
        var socket = new Socket(listener.EndPoint.AddressFamily, SocketType.Stream, listener.EndPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            if (listener.EndPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } ip && ip.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            // Not ReuseAddress: .NET makes SO_REUSEPORT of it on Unix, and a second server on the same port would get every other client and no error.
            // Connections of an earlier server in TIME_WAIT do not stand in the way without it.
            UnixSocketFile.RemoveStale(listener.EndPoint);
            socket.Bind(listener.EndPoint);
            socket.Listen(listener.Backlog);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new SocketException((int)error.SocketErrorCode, $"Cannot listen on {listener.EndPoint}: {error.Message}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task AcceptAsync(Socket listening, SmtpListenerOptions listener, ServerProfile profile)
    {
        while (!IsStopping)
        {
            Socket socket;
            try
            {
                socket = await listening.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                if (IsStopping)
                {
                    return;
                }

                // Out of descriptors, or a client that went away in the queue: the next one may fare better.
                ServerLog.AcceptFailed(_logger, listener.EndPoint, error);
                await Task.Delay(TimeSpan.FromMilliseconds(100), Options.TimeProvider, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            Admit(socket, listener, profile);
        }
    }

    private void Admit(Socket socket, SmtpListenerOptions listener, ServerProfile profile)
    {
        bool counted = false;
        try
        {
            if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            {
                // Without it a client that pipelines waits 40 ms for each group of replies.
                socket.NoDelay = true;
            }

            if (!TryCount())
            {
                ServerLog.TooManyConnections(ConnectionLogger, Interlocked.Increment(ref _lastId), Options.MaximumConnections);
                if (listener.Tls != TlsMode.Implicit)
                {
                    // The send buffer of a new socket takes it at once.
                    socket.Send(Replies.TooManyConnections.Wire, SocketFlags.None, out _);
                }

                socket.Dispose();
                return;
            }

            counted = true;
            SmtpServerConnection connection = Add(new SocketTransport(socket), profile, listener);
            counted = false;
            ThreadPool.UnsafeQueueUserWorkItem(connection, preferLocal: false);
        }
        catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException)
        {
            // Reset before it began.
            if (counted)
            {
                Interlocked.Decrement(ref _connectionCount);
            }

            socket.Dispose();
        }
    }

    /// <summary>Takes a place among the connections. <see cref="OnClosed"/> gives it back.</summary>
    private bool TryCount()
    {
        if (Interlocked.Increment(ref _connectionCount) <= Options.MaximumConnections)
        {
            return true;
        }

        Interlocked.Decrement(ref _connectionCount);
        return false;
    }

    private SmtpServerConnection Add(ConnectionTransport transport, ServerProfile profile, SmtpListenerOptions listener)
    {
        var connection = new SmtpServerConnection(this, Interlocked.Increment(ref _lastId), transport, profile, listener);
        _connections[connection.Id] = connection;
        return connection;
    }

    private void OnHeartbeat()
    {
        long now = (long)Options.TimeProvider.GetElapsedTime(_startedAt).TotalMilliseconds;
        Volatile.Write(ref _now, now);
        foreach ((_, SmtpServerConnection connection) in _connections)
        {
            connection.OnHeartbeat(now);
        }
    }

    private async Task StopOnceAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        CloseListeners();
        await Task.WhenAll(_acceptLoops).ConfigureAwait(false);
        ServerLog.Stopping(_logger, _connections.Count);

        foreach ((_, SmtpServerConnection connection) in _connections)
        {
            connection.OnStopping(force: false);
        }

        if (!await AllClosedAsync(Options.Timeouts.ShutdownGrace, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await _stoppedForGood.CancelAsync().ConfigureAwait(false);
            }
            catch (AggregateException error)
            {
                // From what a sink registered on the token; the stop goes on.
                ServerLog.SeamFailed(_logger, 0, nameof(CancellationToken), error);
            }

            foreach ((_, SmtpServerConnection connection) in _connections)
            {
                connection.OnStoppedForGood();
                connection.OnStopping(force: true);
            }

            // Who does not even take the 421 is cut; at last also whose read does not end, as an application's pipe may have it.
            if (!await AllClosedAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false))
            {
                AbortAll(reads: false);
                if (!await AllClosedAsync(TimeSpan.FromSeconds(5), cancellationToken).ConfigureAwait(false))
                {
                    AbortAll(reads: true);
                }
            }

            await Task.WhenAll(_connections.Values.Select(c => c.Completed)).ConfigureAwait(false);
        }

        if (_heartbeat is not null)
        {
            await _heartbeat.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void AbortAll(bool reads)
    {
        foreach ((_, SmtpServerConnection connection) in _connections)
        {
            connection.Abort(reads);
        }
    }

    private async Task<bool> AllClosedAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_connections.Values.Select(c => c.Completed)).WaitAsync(patience, Options.TimeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private void CloseListeners()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private sealed class SessionPolicy(ServerProfile profile) : PooledObjectPolicy<ServerSession>
    {
        public override ServerSession Create() => new(profile);

        public override bool Return(ServerSession obj) => true;
    }
}
