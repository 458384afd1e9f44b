using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// One connection to an SMTP server, over which messages are sent one after the other. Not for use by several callers at once.
/// </summary>
/// <remarks>
/// <para>
/// A message that a server refuses, wholly or for some recipients, is a <see cref="SendResult"/>. A connection that cannot be used, or no
/// more, is one of two exceptions: <see cref="SmtpTransportException"/> or <see cref="SmtpReplyException"/>.
/// </para>
/// <para>
/// After an exception or a cancellation, a 421, or content that had to be broken off, the connection is closed and
/// <see cref="IsUsable"/> is false. A cancelled send fills the <see cref="SendResult"/> it was given with what was known.
/// </para>
/// </remarks>
public sealed partial class SmtpConnection : IAsyncDisposable, IPoolConnection
{
    private readonly SmtpConnectionOptions _options;
    private readonly string _host;
    private readonly ILogger _logger;
    private readonly Transport _transport;
    private readonly ClientSession _session;
    private readonly ProtocolTrace? _trace;
    private SmtpStage _opening = SmtpStage.Connect;
    private int _inUse;
    private bool _isDisposed;
    private bool _isInCallback;

    private SmtpConnection(SmtpConnectionOptions options, string host)
    {
        _options = options;
        _host = host;
        _logger = options.LoggerFactory.CreateLogger("Smtp.Client.SmtpConnection");
        _trace = _logger.IsEnabled(LogLevel.Trace) ? new ProtocolTrace(_logger) : null;
        _transport = new Transport(options.TimeProvider);
        _session = new ClientSession(isTls: options.Tls == SmtpTlsMode.Implicit, isLmtp: options.Lmtp);
    }

    /// <summary>Whether another message can be sent: the connection is in good order, and the server's limit of messages is not reached (RFC 9422 §4.1).</summary>
    public bool IsUsable => IsOpen && !_session.IsExhausted;

    /// <summary>The server's host, of those in the options, that the connection is to.</summary>
    public string Host => _host;

    /// <summary>What the server offered in its last EHLO reply.</summary>
    public PeerCapabilities Peer => _session.Peer;

    /// <summary>The connection's TLS; <see langword="null"/> for none.</summary>
    public TlsFacts? Tls { get; private set; }

    /// <summary>Whether AUTH has succeeded.</summary>
    public bool IsAuthenticated => _session.IsAuthenticated;

    /// <summary>Sends a message.</summary>
    /// <param name="message">Envelope and content; neither may change until the task completes.</param>
    /// <param name="cancellationToken">Breaks the send off, and the connection with it.</param>
    /// <returns>What became of each recipient.</returns>
    /// <exception cref="ArgumentException">The envelope has no recipients, or a value that cannot go on the wire. The connection stays usable.</exception>
    /// <exception cref="SmtpTransportException">The connection was lost; <see cref="SmtpConnectionException.Result"/> says what is known.</exception>
    /// <exception cref="SmtpReplyException">The server broke the protocol; likewise.</exception>
    public ValueTask<SendResult> SendAsync(SmtpMessage message, CancellationToken cancellationToken = default) =>
        SendAsync(message, new SendResult(), cancellationToken);

    /// <inheritdoc cref="SendAsync(SmtpMessage, CancellationToken)"/>
    /// <param name="message">Envelope and content; neither may change until the task completes.</param>
    /// <param name="result">Filled anew and returned.</param>
    /// <param name="cancellationToken">Breaks the send off, and the connection with it.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SendResult> SendAsync(SmtpMessage message, SendResult result, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(result);
        cancellationToken.ThrowIfCancellationRequested();
        Enter();
        try
        {
            // What is wrong with the arguments is said before the connection is touched.
            OutgoingBody body = Classify(message, out SendRefusal refusal);
            _session.BeginTransaction(message.Envelope, body, result.Recipients, refusal);
        }
        catch
        {
            Exit();
            throw;
        }

        CancellationTokenRegistration registration = RegisterCancellation(cancellationToken);
        try
        {
            HasReadContent = false;
            result.SetConnection(_host, _options.Port, Tls);
            ClientEffect effect = await RunAsync(message).ConfigureAwait(false);
            if (effect == ClientEffect.Violation)
            {
                throw Violated(result);
            }

            if (effect == ClientEffect.Closing)
            {
                OnClosedByServer();
            }

            LogSent(result);
            return result;
        }
        catch (Exception error)
        {
            Exception told = Fail(error, result, cancellationToken);
            if (!ReferenceEquals(told, error))
            {
                throw told;
            }

            throw;
        }
        finally
        {
            await EndBodyAsync().ConfigureAwait(false);
            await registration.DisposeAsync().ConfigureAwait(false);
            Exit();
        }
    }

    /// <summary>Says RSET, which shows that the session is in good order. No message needs it.</summary>
    /// <inheritdoc cref="NoopAsync"/>
    public ValueTask ResetAsync(CancellationToken cancellationToken = default) => RunPlainAsync(SmtpStage.Reset, cancellationToken);

    /// <summary>Says NOOP, which shows that the server is still there.</summary>
    /// <exception cref="SmtpTransportException">It is not.</exception>
    /// <exception cref="SmtpReplyException">It refuses, has said 421, or broke the protocol.</exception>
    public ValueTask NoopAsync(CancellationToken cancellationToken = default) => RunPlainAsync(SmtpStage.Noop, cancellationToken);

    /// <summary>
    /// Says QUIT, waits for the reply as long as <see cref="SmtpClientTimeouts.Quit"/>, and closes. That the server is gone already is no failure.
    /// </summary>
    public async ValueTask QuitAsync(CancellationToken cancellationToken = default)
    {
        if (IsOpen)
        {
            try
            {
                await RunPlainAsync(SmtpStage.Quit, cancellationToken).ConfigureAwait(false);
            }
            catch (SmtpConnectionException)
            {
                // Closed is what it was to be.
            }
        }

        await CloseAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Whether content was read of what can be read only once, so that it cannot be sent again: of the message that goes first, as behind it goes only what is in
    /// memory.
    /// </summary>
    internal bool HasReadContent { get; private set; }

    /// <summary>Whether a message was answered, whatever the answer.</summary>
    internal bool HasAnswered => _answered > 0;

    /// <summary>Whether <see cref="TryMarkCancelled"/> or a token has ended the connection.</summary>
    internal bool IsCancelled => _transport.Reason == TransportEnd.Cancelled;

    /// <summary>Whether it is decided that nothing new is begun over the connection, whatever is still under way.</summary>
    internal bool HasEnded => _transport.Reason != TransportEnd.None;

    int? IPoolConnection.MaximumMessages => Peer.MaximumMessages;

    bool IPoolConnection.IsStale() => !IsUsable || _transport.HasInput();

    ValueTask IPoolConnection.PingAsync(CancellationToken cancellationToken) => NoopAsync(cancellationToken);

    ValueTask IPoolConnection.CloseAsync() => DisposeAsync();

    /// <summary>Closes the connection at once, without QUIT. A send that is under way fails.</summary>
    public void Abort() => _transport.End(TransportEnd.Closed);

    /// <summary>Does the first half of what a token does: from here on nothing new is begun over the connection.</summary>
    /// <returns>Whether the second half, <see cref="Cut"/>, is to follow.</returns>
    internal bool TryMarkCancelled() => _transport.TryMark(TransportEnd.Cancelled);

    /// <summary>Breaks off what is under way. What waits for it may go on on this stack, so this is not for inside a lock.</summary>
    internal void Cut() => _transport.Cut();

    /// <summary>Closes the connection, with QUIT if it is in good order (RFC 5321 §4.1.1.10).</summary>
    public ValueTask DisposeAsync() => _isDisposed ? ValueTask.CompletedTask : QuitAsync(CancellationToken.None);

    private bool IsOpen => _session.Phase == ClientPhase.Ready && _transport.Reason == TransportEnd.None && !_isDisposed;

    private async ValueTask RunPlainAsync(SmtpStage operation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Enter();
        using CancellationTokenRegistration registration = RegisterCancellation(cancellationToken);
        try
        {
            switch (operation)
            {
                case SmtpStage.Reset:
                    _session.BeginReset();
                    break;
                case SmtpStage.Noop:
                    _session.BeginNoop();
                    break;
                case SmtpStage.Quit:
                    _session.BeginQuit();
                    break;
            }

            switch (await RunAsync(null).ConfigureAwait(false))
            {
                case ClientEffect.Violation:
                    throw Violated(null);
                case ClientEffect.Closing when operation != SmtpStage.Quit:
                    OnClosedByServer();
                    throw Refused("The server closes the session.");
                case ClientEffect.Refused:
                    throw Refused("The server refuses.");
            }
        }
        catch (Exception error)
        {
            Exception told = Fail(error, null, cancellationToken);
            if (!ReferenceEquals(told, error))
            {
                throw told;
            }

            throw;
        }
        finally
        {
            Exit();
        }
    }

    private CancellationTokenRegistration RegisterCancellation(CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(static state => ((SmtpConnection)state!)._transport.End(TransportEnd.Cancelled), this);

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (Interlocked.Exchange(ref _inUse, 1) != 0)
        {
            throw new InvalidOperationException("The connection is in use: it does one thing at a time.");
        }

        if (!IsOpen)
        {
            Exit();
            throw new InvalidOperationException("The connection is closed: see IsUsable.");
        }
    }

    private void Exit()
    {
        _transport.ClearDeadline();
        Volatile.Write(ref _inUse, 0);
    }

    /// <summary>The server has said its last word; nothing more is to be sent or read.</summary>
    private void OnClosedByServer()
    {
        ClientLog.ClosedByServer(_logger, _host, _options.Port, _session.LastReply.ToString());
        _transport.Break();
    }

    private async ValueTask CloseAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await _transport.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void LogSent(SendResult result)
    {
        int accepted = result.Recipients.CountOf(DeliveryOutcome.Accepted);
        if (accepted == result.Recipients.Count)
        {
            ClientLog.Sent(_logger, _host, _options.Port, accepted, result.Recipients.Count);
        }
        else
        {
            ClientLog.SentInPart(_logger, _host, _options.Port, accepted, result.Recipients.Count);
        }
    }

    private SmtpReplyException Refused(string message) => new(
        $"{message} {_session.LastReply}".TrimEnd(), _session.LastReply, PeerViolation.None, _host, _options.Port, _session.Stage, null);

    private SmtpReplyException Violated(SendResult? result) => new(
        _session.Violation == PeerViolation.UnexpectedCode
            ? $"The server broke the protocol ({_session.Violation}): {_session.LastReply}"
            : $"The server broke the protocol ({_session.Violation}).",
        _session.LastReply,
        _session.Violation,
        _host,
        _options.Port,
        _session.Stage,
        result);

    /// <summary>Closes the connection for good and says which exception tells of it; an exception that is not the network's stays as it is.</summary>
    private Exception Fail(Exception error, SendResult? result, CancellationToken cancellationToken)
    {
        SmtpStage stage = _opening == SmtpStage.None ? _session.Stage : _opening;
        _session.OnDisconnected();
        TransportEnd end = _transport.Reason;
        _transport.Break();
        Exception told = error switch
        {
            SmtpConnectionException => error,
            _ when end == TransportEnd.Cancelled => new OperationCanceledException(
                "The operation was cancelled, and the connection closed.", error, cancellationToken),
            OperationCanceledException when end == TransportEnd.Closed && (_isReadingContent || _isInCallback) =>
                Transport(TransportFailure.ConnectionLost, "The connection was closed while the application was waited for."),
            _ when _isReadingContent || _isInCallback => error,
            _ when end == TransportEnd.TimedOut => Transport(TransportFailure.TimedOut, "The time for this is over."),
            AuthenticationException => Transport(TransportFailure.TlsFailed, error.Message),
            IOException or SocketException or OperationCanceledException or ObjectDisposedException => stage switch
            {
                SmtpStage.Connect => Transport(TransportFailure.ConnectFailed, error.Message),
                SmtpStage.TlsHandshake => Transport(TransportFailure.TlsFailed, error.Message),
                _ => Transport(TransportFailure.ConnectionLost, error.Message),
            },
            _ => error,
        };
        if (stage == SmtpStage.Quit)
        {
            // What was to be closed is closed.
            ClientLog.GoneAtQuit(_logger, _host, _options.Port);
        }
        else
        {
            ClientLog.Failed(_logger, told, _host, _options.Port, stage);
        }

        return told;

        SmtpTransportException Transport(TransportFailure failure, string message) =>
            new(failure, message, _host, _options.Port, stage, result, error);
    }
}
