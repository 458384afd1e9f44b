using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>One connection: the only place where the server waits for anything.</summary>
internal sealed partial class SmtpServerConnection : IThreadPoolWorkItem, IServerSessionObserver
{
    private readonly SmtpServer _server;
    private readonly SmtpServerOptions _options;
    private readonly ILogger _logger;
    private readonly ConnectionTransport _transport;
    private readonly ServerSession _session;
    private readonly SmtpSessionContext _context;
    private readonly SendBuffer _output = new();
    private readonly SmtpListenerOptions _listener;
    private readonly SmtpServerMetrics _metrics;
    private static readonly TaskCompletionSource Over = MakeOver();

    // Made when somebody asks, which is rare: a stop, and connections over pipes.
    private TaskCompletionSource? _completed;
    private Stream _stream;
    private ReceiveBuffer _received;
    private IPAddress? _countedAddress;
    private IMessageWriter? _writer;
    private CancellationTokenSource? _gone;
    private SmtpCloseReason _reason;

    // Kind and time in one word, so that the heartbeat never sees the one without the other: milliseconds << 2 | kind.
    private long _deadline;

    // When the command that is awaited must be complete; 0 until one is awaited.
    private long _commandDeadline;
    private long _bodyReceived;
    private int _bodyWaits;

    // Set once, from another thread, before reading is ended: what the client is to be told.
    private volatile SmtpCloseReason _interruption;

    // Whether the client was interrupted where more of it must be expected.
    private bool _interruptedTransaction;

    // Set once, from another thread: whoever handed the connection in wants it to end.
    private volatile bool _isClosing;

    internal SmtpServerConnection(SmtpServer server, long id, ConnectionTransport transport, ServerProfile profile, SmtpListenerOptions listener)
    {
        _server = server;
        _options = server.Options;
        _logger = server.ConnectionLogger;
        _transport = transport;
        _stream = transport.Stream;
        _listener = listener;
        _metrics = server.Metrics;
        _session = server.Sessions.Get();
        _session.Reset(profile);
        _session.Observer = this;
        _context = new SmtpSessionContext(_session, id, transport, _options.TimeProvider.GetUtcNow()) { Role = listener.Role };
    }

    /// <summary>The connection's number.</summary>
    internal long Id => _context.ConnectionId;

    /// <summary>What it runs over.</summary>
    internal ConnectionTransport Transport => _transport;

    /// <summary>Completes when the connection is closed and everything of it was given back. Never fails.</summary>
    internal Task Completed
    {
        get
        {
            if (Volatile.Read(ref _completed) is not { } completed)
            {
                var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                completed = Interlocked.CompareExchange(ref _completed, made, null) ?? made;
            }

            return completed.Task;
        }
    }

    /// <summary>Fires when the client has gone or the server stops for good. Made at the first use, as most sessions of simple servers need none.</summary>
    private CancellationToken Gone
    {
        get
        {
            if (_gone is null)
            {
                // The heartbeat may look at the field at any time.
                Volatile.Write(ref _gone, new CancellationTokenSource());
                if (_server.IsStoppedForGood)
                {
                    _gone.Cancel();
                }
            }

            return _gone.Token;
        }
    }

    /// <inheritdoc/>
    public void Execute() => _ = RunAsync();

    /// <summary>
    /// The life of a connection:
    /// <list type="number">
    /// <item>what comes before the session: a proxy's header, the handshake of implicit TLS, the greeting's delay;</item>
    /// <item>advance the session until it needs something;</item>
    /// <item>give it that: input, a decision of a seam, a place for the body, a handshake;</item>
    /// <item>close, so that the last reply gets through;</item>
    /// <item>give everything back.</item>
    /// </list>
    /// </summary>
    internal async Task RunAsync()
    {
        _metrics.SessionStarted();
        try
        {
            // 1. Before the session.
            if (!await PrepareAsync().ConfigureAwait(false))
            {
                return;
            }

            ReadOnlySequence<byte> input = default;
            while (true)
            {
                // 2. Advance.
                ServerEffect effect = _session.Advance(ref input, _output);

                // 3. Give.
                switch (effect)
                {
                    case ServerEffect.NeedInput:
                        _received.KeepLast(input.Length);
                        if (!_output.IsEmpty)
                        {
                            // Something was answered, so what comes next is another command. What is dropped of an overlong line is not.
                            _commandDeadline = 0;
                            await DelayRefusalAsync().ConfigureAwait(false);
                            await FlushAsync().ConfigureAwait(false);
                        }

                        if (_session.Phase == ServerPhase.Closing || !PrepareToRead())
                        {
                            break;
                        }

                        int count = await ReceiveAsync().ConfigureAwait(false);
                        ClearDeadline();
                        _received.Commit(count);
                        count += ReceiveAvailable();
                        _bodyReceived += count;
                        _metrics.Received(count);
                        input = _received.Unconsumed;
                        if (_interruption != SmtpCloseReason.Completed)
                        {
                            Interrupted();
                        }
                        else if (count == 0)
                        {
                            _reason = SmtpCloseReason.Disconnected;
                            return;
                        }

                        break;

                    case ServerEffect.Flush:
                        _commandDeadline = 0;
                        await DelayRefusalAsync().ConfigureAwait(false);
                        await FlushAsync().ConfigureAwait(false);
                        break;

                    case ServerEffect.WriteBody:
                        await WriteBodyAsync().ConfigureAwait(false);
                        break;

                    case ServerEffect.AbortMessage:
                        await AbortMessageAsync().ConfigureAwait(false);
                        break;

                    case ServerEffect.Authenticate:
                        await ResumeAuthenticationAsync(_session.Credentials!).ConfigureAwait(false);
                        break;

                    case ServerEffect.LookUpSecret:
                        await ResumeSecretAsync(_session.Credentials!).ConfigureAwait(false);
                        break;

                    case ServerEffect.UpgradeTls:
                        await FlushAsync().ConfigureAwait(false);

                        // What was read and not consumed is plaintext from behind STARTTLS; the session dropped it, and so does the buffer.
                        _received.Release();
                        input = default;
                        if (!await ShakeHandsAsync().ConfigureAwait(false))
                        {
                            return;
                        }

                        _session.ResumeTls(_channelBinding, _context.ClientCertificate is not null);
                        _commandDeadline = 0;
                        break;

                    case ServerEffect.CommitMessage when _listener.Lmtp && _writer is ILmtpMessageWriter:
                        await CommitLmtpAsync().ConfigureAwait(false);
                        break;

                    case ServerEffect.Close:
                        // 4. Close.
                        await CloseAsync().ConfigureAwait(false);
                        return;

                    default:
                        SmtpReply decision = await FlushUnlessDecided(DecideAsync(effect)).ConfigureAwait(false);
                        _session.Resume(decision, _output);
                        break;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The transport's way of saying that the peer has gone, or that the deadline cut it.
            _reason = _interruption != SmtpCloseReason.Completed ? _interruption : SmtpCloseReason.Disconnected;
        }
        catch (Exception error)
        {
            _reason = SmtpCloseReason.Failed;
            ServerLog.ConnectionFailed(_logger, Id, error);
        }
        finally
        {
            // 5. Give back.
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource MakeOver()
    {
        var over = new TaskCompletionSource();
        over.SetResult();
        return over;
    }

    /// <summary>Called once a second, from another thread.</summary>
    internal void OnHeartbeat(long now)
    {
        long deadline = Volatile.Read(ref _deadline);
        bool isOver = now > deadline >> 2;
        switch ((DeadlineKind)(deadline & 3))
        {
            case DeadlineKind.Read when isOver:
                Interrupt(SmtpCloseReason.TimedOut);
                break;

            case DeadlineKind.Cut when isOver:
                _interruption = SmtpCloseReason.TimedOut;
                Cut();
                break;

            case DeadlineKind.Read when IsBodyTooSlow():
                Interrupt(SmtpCloseReason.TimedOut);
                break;

            case DeadlineKind.None when Volatile.Read(ref _gone) is { IsCancellationRequested: false } gone && _transport.IsClosedByPeer(_stream is SslStream):
                // Nobody reads while a seam works, so nobody else would notice.
                _ = CancelAsync(gone);
                break;
        }
    }

    /// <summary>Ends the connection with a 421 as soon as the client is waited for. From another thread.</summary>
    internal void Interrupt(SmtpCloseReason reason)
    {
        if (_interruption == SmtpCloseReason.Completed)
        {
            _interruption = reason;
            _transport.EndReading();
        }
    }

    /// <summary>Tells the connection that the server stops. From another thread.</summary>
    /// <param name="force">Whether an open transaction is ended too.</param>
    internal void OnStopping(bool force)
    {
        if (force || _session.Phase is ServerPhase.Connected or ServerPhase.Greeted or ServerPhase.Ready or ServerPhase.Refused)
        {
            Interrupt(SmtpCloseReason.Shutdown);
        }
    }

    /// <summary>Ends the connection as a stop of the server would. From another thread.</summary>
    internal void OnClosing()
    {
        _isClosing = true;
        OnStopping(force: false);
    }

    /// <summary>Tells the seams that the server stops for good. From another thread.</summary>
    internal void OnStoppedForGood()
    {
        if (Volatile.Read(ref _gone) is { } gone)
        {
            _ = CancelAsync(gone);
        }
    }

    /// <summary>Cuts the connection if it is the client that is waited for. From another thread.</summary>
    /// <param name="reads">Whether also where its octets are awaited: such a read was ended before, and the 421 comes of it as soon as a thread is free.</param>
    /// <remarks>
    /// Where the application is waited for, its answer still goes out: a commit that ends with nobody told would be sent again (RFC 5321 §6.1). Behind
    /// it the session ends by itself, as the interruption says.
    /// </remarks>
    internal void Abort(bool reads)
    {
        _interruption = SmtpCloseReason.Shutdown;
        if ((DeadlineKind)(Volatile.Read(ref _deadline) & 3) is DeadlineKind kind && (kind == DeadlineKind.Cut || (reads && kind == DeadlineKind.Read)))
        {
            Cut();
        }
    }

    /// <summary>Cuts the connection. What a transport of the application's throws must neither end the process by the heartbeat nor a stop half-way.</summary>
    private void Cut()
    {
        try
        {
            _transport.Abort();
        }
        catch (Exception error)
        {
            ServerLog.ConnectionFailed(_logger, Id, error);
        }
    }

    /// <summary>
    /// Fires a token without waiting for what the application registered on it: that runs elsewhere, so that it cannot hold up the heartbeat, and what it
    /// throws is logged.
    /// </summary>
    private async Task CancelAsync(CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The connection ended meanwhile.
        }
        catch (AggregateException error)
        {
            ServerLog.SeamFailed(_logger, Id, nameof(CancellationToken), error);
        }
    }

    private void SetDeadline(DeadlineKind kind, long deadline) => Volatile.Write(ref _deadline, (deadline << 2) | (long)kind);

    private void ClearDeadline() => Volatile.Write(ref _deadline, (long)DeadlineKind.None);

    private void Interrupted()
    {
        _reason = _interruption;
        _interruptedTransaction = _session.Phase is not (ServerPhase.Connected or ServerPhase.Greeted or ServerPhase.Ready or ServerPhase.Refused);
        _session.Terminate(_interruption == SmtpCloseReason.TimedOut ? Replies.TimedOut : Replies.ShuttingDown, _output);
    }

    private ValueTask FlushAsync()
    {
        if (_output.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }

        _metrics.Sent(_output.Written.Length);
        ValueTask write = _stream.WriteAsync(_output.Written);
        if (write.IsCompletedSuccessfully)
        {
            write.GetAwaiter().GetResult();
            _output.Release();
            return ValueTask.CompletedTask;
        }

        return FlushSlowAsync(write);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushSlowAsync(ValueTask write)
    {
        SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.Write.TotalMilliseconds);
        await write.ConfigureAwait(false);
        ClearDeadline();
        _output.Release();
    }
}
