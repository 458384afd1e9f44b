using System.Buffers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>One connection: the only place where the server waits for anything.</summary>
internal sealed class SmtpServerConnection : IThreadPoolWorkItem
{
    private readonly SmtpServer _server;
    private readonly SmtpServerOptions _options;
    private readonly ILogger _logger;
    private readonly ConnectionTransport _transport;
    private readonly ServerSession _session;
    private readonly SmtpSessionContext _context;
    private readonly ReceiveBuffer _received = new();
    private readonly SendBuffer _output = new();
    private readonly TlsMode _tls;
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Stream _stream;
    private IMessageWriter? _writer;
    private CancellationTokenSource? _gone;
    private CloseReason _reason;
    private long _deadline = long.MaxValue;
    private long _commandDeadline;
    private DeadlineKind _deadlineKind;

    // Set once, from another thread, before reading is ended: what the client is to be told.
    private volatile CloseReason _interruption;

    internal SmtpServerConnection(SmtpServer server, long id, ConnectionTransport transport, ServerProfile profile, TlsMode tls)
    {
        _server = server;
        _options = server.Options;
        _logger = server.ConnectionLogger;
        _transport = transport;
        _stream = transport.Stream;
        _tls = tls;
        _session = server.Sessions.Get();
        _session.Reset(profile);
        if (tls == TlsMode.Implicit)
        {
            _session.UseImplicitTls();
        }

        _context = new SmtpSessionContext(_session, id, transport.LocalEndPoint, transport.RemoteEndPoint, _options.TimeProvider.GetUtcNow());
    }

    /// <summary>The connection's number.</summary>
    internal long Id => _context.ConnectionId;

    /// <summary>Completes when the connection is closed and everything of it was given back. Never fails.</summary>
    internal Task Completed => _completed.Task;

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
    /// <item>the handshake, where the listener is for implicit TLS;</item>
    /// <item>advance the session until it needs something;</item>
    /// <item>give it that: input, a decision of a seam, a place for the body, a handshake;</item>
    /// <item>close, so that the last reply gets through;</item>
    /// <item>give everything back.</item>
    /// </list>
    /// </summary>
    internal async Task RunAsync()
    {
        ServerLog.Connected(_logger, Id, _transport.RemoteEndPoint, _transport.LocalEndPoint);
        try
        {
            // 1. Implicit TLS.
            if (_tls == TlsMode.Implicit && !await ShakeHandsAsync().ConfigureAwait(false))
            {
                return;
            }

            ReadOnlySequence<byte> input = default;
            while (true)
            {
                // 2. Advance.
                SessionEffect effect = _session.Advance(ref input, _output);

                // 3. Give.
                switch (effect)
                {
                    case SessionEffect.NeedInput:
                        _received.KeepLast(input.Length);
                        if (!_output.IsEmpty)
                        {
                            await FlushAsync().ConfigureAwait(false);
                        }

                        if (!PrepareToRead())
                        {
                            break;
                        }

                        int count = await _stream.ReadAsync(_received.GetMemory(_session.Phase)).ConfigureAwait(false);
                        SetDeadline(DeadlineKind.None, long.MaxValue);
                        _received.Commit(count);
                        input = _received.Unconsumed;
                        if (_interruption != CloseReason.Completed)
                        {
                            Interrupted();
                        }
                        else if (count == 0)
                        {
                            _reason = CloseReason.Disconnected;
                            return;
                        }

                        break;

                    case SessionEffect.Flush:
                        await FlushAsync().ConfigureAwait(false);
                        break;

                    case SessionEffect.WriteBody:
                        await WriteBodyAsync().ConfigureAwait(false);
                        break;

                    case SessionEffect.AbortMessage:
                        await AbortMessageAsync().ConfigureAwait(false);
                        break;

                    case SessionEffect.Authenticate:
                        AuthenticationResult result = await AuthenticateAsync(_session.Credentials!).ConfigureAwait(false);
                        _session.ResumeAuthentication(result.Identity, result.Reply, _output);
                        break;

                    case SessionEffect.UpgradeTls:
                        await FlushAsync().ConfigureAwait(false);

                        // What was read and not consumed is plaintext from behind STARTTLS; the session dropped it, and so does the buffer.
                        _received.Release();
                        input = default;
                        if (!await ShakeHandsAsync().ConfigureAwait(false))
                        {
                            return;
                        }

                        _session.ResumeTls();
                        break;

                    case SessionEffect.Close:
                        // 4. Close.
                        await CloseAsync().ConfigureAwait(false);
                        return;

                    default:
                        SmtpReply decision = await DecideAsync(effect).ConfigureAwait(false);
                        _session.Resume(decision, _output);
                        break;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The transport's way of saying that the peer has gone, or that the deadline cut it.
            _reason = _interruption != CloseReason.Completed ? _interruption : CloseReason.Disconnected;
        }
        catch (Exception error)
        {
            _reason = CloseReason.Failed;
            ServerLog.ConnectionFailed(_logger, Id, error);
        }
        finally
        {
            // 5. Give back.
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Called once a second, from another thread.</summary>
    internal void OnHeartbeat(long now)
    {
        if (now > Volatile.Read(ref _deadline))
        {
            if (_deadlineKind == DeadlineKind.Read)
            {
                Interrupt(CloseReason.TimedOut);
            }
            else
            {
                _interruption = CloseReason.TimedOut;
                _transport.Abort();
            }
        }
        else if (_deadlineKind == DeadlineKind.None && Volatile.Read(ref _gone) is { IsCancellationRequested: false } gone && _transport.IsClosedByPeer)
        {
            // Nobody reads while a seam works, so nobody else would notice.
            Cancel(gone);
        }
    }

    /// <summary>Ends the connection with a 421 as soon as the client is waited for. From another thread.</summary>
    internal void Interrupt(CloseReason reason)
    {
        if (_interruption == CloseReason.Completed)
        {
            _interruption = reason;
            _transport.EndReading();
        }
    }

    /// <summary>Tells the connection that the server stops. From another thread.</summary>
    /// <param name="force">Whether an open transaction is ended too.</param>
    internal void OnStopping(bool force)
    {
        if (force || _session.Phase is SessionPhase.Connected or SessionPhase.Greeted or SessionPhase.Ready or SessionPhase.Refused)
        {
            Interrupt(CloseReason.Shutdown);
        }
    }

    /// <summary>Tells the seams that the server stops for good. From another thread.</summary>
    internal void OnStoppedForGood()
    {
        if (Volatile.Read(ref _gone) is { } gone)
        {
            Cancel(gone);
        }
    }

    /// <summary>Cuts the connection. From another thread.</summary>
    internal void Abort()
    {
        _interruption = CloseReason.Shutdown;
        _transport.Abort();
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection ended meanwhile.
        }
    }

    /// <summary>Looks whether the client is to be waited for at all, and sets the deadline.</summary>
    private bool PrepareToRead()
    {
        if (_server.IsStopping && _session.Phase is SessionPhase.Greeted or SessionPhase.Ready && _interruption == CloseReason.Completed)
        {
            _interruption = CloseReason.Shutdown;
        }

        if (_interruption != CloseReason.Completed)
        {
            Interrupted();
            return false;
        }

        // A command has one deadline for all its octets; a body has one for each piece.
        bool inBody = _session.Phase is SessionPhase.Body or SessionPhase.Chunk;
        if (inBody || _received.IsEmpty || _commandDeadline == 0)
        {
            _commandDeadline = _server.Now + (long)(inBody ? _options.Timeouts.Body : _options.Timeouts.Command).TotalMilliseconds;
        }

        SetDeadline(DeadlineKind.Read, _commandDeadline);
        return true;
    }

    private void SetDeadline(DeadlineKind kind, long deadline)
    {
        _deadlineKind = kind;
        Volatile.Write(ref _deadline, deadline);
    }

    private void Interrupted()
    {
        _reason = _interruption;
        _session.Terminate(_interruption == CloseReason.TimedOut ? Replies.TimedOut : Replies.ShuttingDown, _output);
    }

    private ValueTask FlushAsync()
    {
        if (_output.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }

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
        SetDeadline(DeadlineKind.None, long.MaxValue);
        _output.Release();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SmtpReply> DecideAsync(SessionEffect effect)
    {
        try
        {
            switch (effect)
            {
                case SessionEffect.CheckClient:
                    return await _options.Policy.CheckClientAsync(_context, Gone).ConfigureAwait(false);

                case SessionEffect.CheckHello:
                    return await _options.Policy.CheckHelloAsync(_context, Gone).ConfigureAwait(false);

                case SessionEffect.CheckSender:
                    return await _options.Policy.CheckSenderAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);

                case SessionEffect.CheckRecipient:
                    return await _options.Policy.CheckRecipientAsync(_context, _session.Envelope, _session.Recipient, Gone).ConfigureAwait(false);

                case SessionEffect.OpenMessage:
                    MessageOpening opening = await _options.MessageSink.OpenAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
                    _writer = opening.Writer;
                    return opening.Writer is null && opening.Refusal.IsNone ? Replies.LocalError : opening.Refusal;

                case SessionEffect.CommitMessage:
                    IMessageWriter writer = _writer!;
                    _writer = null;
                    return await writer.CommitAsync(_server.StoppedForGood).ConfigureAwait(false);

                default:
                    throw new InvalidOperationException($"{effect} asks for no decision.");
            }
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, effect.ToString(), error);
            }

            return Replies.LocalError;
        }
    }

    private ValueTask WriteBodyAsync()
    {
        try
        {
            ValueTask write = _writer!.WriteAsync(_session.BodyChunk, Gone);
            if (write.IsCompletedSuccessfully)
            {
                write.GetAwaiter().GetResult();
                return ValueTask.CompletedTask;
            }

            return WriteBodySlowAsync(write);
        }
        catch (Exception error)
        {
            return WriteBodySlowAsync(ValueTask.FromException(error));
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteBodySlowAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(IMessageWriter.WriteAsync), error);
            }

            await AbortMessageAsync().ConfigureAwait(false);
            _session.FailMessage(Replies.LocalError);
        }
    }

    private async ValueTask AbortMessageAsync()
    {
        if (_writer is { } writer)
        {
            _writer = null;
            try
            {
                await writer.AbortAsync().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                ServerLog.SeamFailed(_logger, Id, nameof(IMessageWriter.AbortAsync), error);
            }
        }
    }

    private async ValueTask<AuthenticationResult> AuthenticateAsync(SaslCredentials credentials)
    {
        AuthenticationResult result;
        try
        {
            result = await _options.Authenticator!.AuthenticateAsync(_context, credentials, Gone).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(ISmtpAuthenticator), error);
            }

            return AuthenticationResult.Unavailable;
        }

        if (result.Identity is { } identity)
        {
            ServerLog.Authenticated(_logger, Id, identity, credentials.Mechanism);
        }
        else
        {
            ServerLog.AuthenticationFailed(_logger, Id, _transport.RemoteEndPoint, credentials.Mechanism);
        }

        return result;
    }

    private bool IsCancellation(Exception error) => error is OperationCanceledException && _gone is { IsCancellationRequested: true };

    private async ValueTask<bool> ShakeHandsAsync()
    {
        var tls = new SslStream(_transport.Stream, leaveInnerStreamOpen: true);
        try
        {
            SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.TlsHandshake.TotalMilliseconds);
            await tls.AuthenticateAsServerAsync(SelectCertificateAsync, this, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is AuthenticationException or IOException or ObjectDisposedException or InvalidOperationException
            or OperationCanceledException or System.ComponentModel.Win32Exception)
        {
            ServerLog.TlsFailed(_logger, Id, _transport.RemoteEndPoint, error.InnerException?.Message ?? error.Message);
            _reason = _interruption != CloseReason.Completed ? _interruption : CloseReason.TlsFailed;
            await tls.DisposeAsync().ConfigureAwait(false);
            return false;
        }

        SetDeadline(DeadlineKind.None, long.MaxValue);
        _stream = tls;
        _context.TlsProtocol = tls.SslProtocol;
        _context.TlsCipherSuite = tls.NegotiatedCipherSuite.ToString();
        _context.TlsServerName = tls.TargetHostName;
        _context.ClientCertificate = tls.RemoteCertificate as X509Certificate2;
        ServerLog.TlsEstablished(_logger, Id, tls.SslProtocol.ToString(), _context.TlsCipherSuite);
        return true;
    }

    private static ValueTask<SslServerAuthenticationOptions> SelectCertificateAsync(
        SslStream stream, SslClientHelloInfo hello, object? state, CancellationToken cancellationToken)
    {
        var connection = (SmtpServerConnection)state!;
        return ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = connection._options.Certificates!.GetCertificate(hello.ServerName),

            // RFC 8996 takes 1.0 and 1.1 away, and 1.2's renegotiation is an attack surface without a use in SMTP.
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        });
    }

    private async ValueTask CloseAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.Write.TotalMilliseconds);
        if (_stream is SslStream tls)
        {
            await tls.ShutdownAsync().ConfigureAwait(false);
        }

        _transport.EndWriting();
        if (_session.LastVerb != SmtpVerb.Quit && _interruption == CloseReason.Completed)
        {
            await LingerAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Reads what the client had already sent when the server ended the session. Closing a socket that holds unread octets resets the connection,
    /// and the reset overtakes the last reply: the client would never see why. Bounded in octets and time.
    /// </summary>
    private async ValueTask LingerAsync()
    {
        const int MostOctets = 256 * 1024;
        SetDeadline(DeadlineKind.Cut, _server.Now + 2000);
        _received.Release();
        int total = 0;
        while (total < MostOctets)
        {
            // Nothing of this is ever looked at, so that reading beneath TLS is safe here.
            int count = await _transport.Stream.ReadAsync(_received.GetMemory(SessionPhase.Body)).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            total += count;
            _received.Release();
        }
    }

    private async ValueTask ReleaseAsync()
    {
        SetDeadline(DeadlineKind.None, long.MaxValue);
        if (_writer is not null)
        {
            await AbortMessageAsync().ConfigureAwait(false);
        }

        try
        {
            if (_stream is SslStream)
            {
                await _stream.DisposeAsync().ConfigureAwait(false);
            }

            await _transport.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Already gone.
        }

        ServerLog.Closed(_logger, Id, _session.MessagesAccepted, _reason);
        _received.Release();
        _output.Release();
        if (Interlocked.Exchange(ref _gone, null) is { } gone)
        {
            Cancel(gone);
            gone.Dispose();
        }

        _server.OnClosed(this);
        _session.Reset(_session.Profile);
        _server.Sessions.Return(_session);
        _completed.SetResult();
    }
}
