using System.Diagnostics;
using System.Runtime.CompilerServices;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// Sends messages to one server or smart host over a pool of connections. Thread-safe, and meant to be shared: make one and keep it.
/// </summary>
/// <remarks>
/// <para>
/// A message that a server refuses, wholly or for some recipients, is a <see cref="SendResult"/>. A message that could not be brought to the
/// server is one of two exceptions, <see cref="SmtpTransportException"/> or <see cref="SmtpReplyException"/>, whose
/// <see cref="SmtpConnectionException.Result"/> says what is known of each recipient.
/// </para>
/// <para>
/// A connection that the server has closed while it was idle, by 421 or without a word, fails no message: it is found out before it is used
/// where the socket tells, and else the message is sent anew, once, over a fresh connection. That is done only if the connection had been
/// used or idle before, nothing was or may have been taken by the server, and the content is in memory or was not read yet.
/// </para>
/// <para>
/// Between two messages there is no RSET: a transaction ends with its end of data (RFC 5321 §4.1.1.4). One that ended earlier, as all
/// recipients were refused, is followed by RSET in the same flight as the next MAIL.
/// </para>
/// </remarks>
public sealed partial class SmtpClient : IAsyncDisposable
{
    private const int ServiceClosing = 421;

    private readonly SmtpClientOptions _options;
    private readonly PoolDiagnostics _diagnostics;
    private readonly ConnectionPool<SmtpConnection> _pool;
    private readonly MaintenanceTimer _timer;
    private readonly bool _ownsTimer;

    /// <summary>Makes a client. Nothing is connected before the first message.</summary>
    /// <exception cref="ArgumentException">An option is wrong; all that are, are named.</exception>
    public SmtpClient(SmtpClientOptions options)
        : this(options, null)
    {
    }

    /// <summary>Makes a client of many, which share a timer.</summary>
    internal SmtpClient(SmtpClientOptions options, MaintenanceTimer? timer)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<string> errors = options.Validate();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', errors), nameof(options));
        }

        _options = options;
        _diagnostics = new PoolDiagnostics(options);
        _pool = new ConnectionPool<SmtpConnection>(options, _diagnostics, token => SmtpConnection.ConnectAsync(options, token));
        _ownsTimer = timer is null;
        _timer = timer ?? new MaintenanceTimer(options.TimeProvider, MaintenanceTimer.PeriodFor(options.PooledConnectionIdleTimeout));
        _timer.Add(_pool);
    }

    /// <summary>How the pool stands now.</summary>
    public SmtpPoolStatistics Statistics => _pool.Statistics;

    /// <summary>Sends a message.</summary>
    /// <param name="message">Envelope and content; neither may change until the task completes.</param>
    /// <param name="cancellationToken">
    /// Breaks the send off: while it waits for a connection without a trace, later with the loss of its connection.
    /// </param>
    /// <returns>What became of each recipient.</returns>
    /// <exception cref="ArgumentException">The envelope has no recipients, or a value that cannot go on the wire.</exception>
    /// <exception cref="SmtpTransportException">There was no connection, or it was lost; <see cref="SmtpConnectionException.Result"/> says what is known.</exception>
    /// <exception cref="SmtpReplyException">The server refused the session or broke the protocol; likewise.</exception>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public ValueTask<SendResult> SendAsync(SmtpMessage message, CancellationToken cancellationToken = default) =>
        SendAsync(message, new SendResult(), cancellationToken);

    /// <inheritdoc cref="SendAsync(SmtpMessage, CancellationToken)"/>
    /// <param name="message">Envelope and content; neither may change until the task completes.</param>
    /// <param name="result">Filled anew and returned; also filled when an exception or a cancellation ends the send.</param>
    /// <param name="cancellationToken">
    /// Breaks the send off: while it waits for a connection without a trace, later with the loss of its connection.
    /// </param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SendResult> SendAsync(SmtpMessage message, SendResult result, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(result);
        long began = _options.TimeProvider.GetTimestamp();
        Activity? activity = SmtpClientActivity.StartSend(_options, message);
        PoolSlot<SmtpConnection>? slot = null;
        try
        {
            result.SetUnsent(message.Envelope, _options.Host, _options.Port, SmtpStage.None);
            slot = await _pool.RentAsync(cancellationToken).ConfigureAwait(false);
            _diagnostics.Waited(_options.TimeProvider.GetElapsedTime(began));
            if (!await TrySendAsync(slot, message, result, cancellationToken).ConfigureAwait(false))
            {
                SmtpClientActivity.AddRetry(activity);
                await _pool.ReplaceAsync(slot, cancellationToken).ConfigureAwait(false);
                await slot.Connection!.SendAsync(message, result, cancellationToken).ConfigureAwait(false);
            }

            End(activity, null, message, result, began);
            return result;
        }
        catch (Exception error)
        {
            Exception told = Tell(error, message, result);
            End(activity, told, message, result, began);
            if (!ReferenceEquals(told, error))
            {
                throw told;
            }

            throw;
        }
        finally
        {
            if (slot is not null)
            {
                _pool.Return(slot);
            }
        }
    }

    /// <summary>
    /// Sees to it that there is a connection, as all options demand it: connects, or says NOOP over a connection that is there. What a program
    /// does at its start to find out a wrong name, certificate or password, and what a health check does.
    /// </summary>
    /// <exception cref="SmtpConnectionException">There is none, and why.</exception>
    public async ValueTask VerifyAsync(CancellationToken cancellationToken = default)
    {
        PoolSlot<SmtpConnection> slot = await _pool.RentAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (slot.IsReused)
            {
                try
                {
                    await slot.Connection!.NoopAsync(cancellationToken).ConfigureAwait(false);
                }
                catch (SmtpConnectionException)
                {
                    await _pool.ReplaceAsync(slot, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _pool.Return(slot);
        }
    }

    /// <summary>
    /// Closes the client: sends that wait for a connection fail with <see cref="TransportFailure.ClientClosed"/>, idle connections are closed
    /// with QUIT, sends that are under way may end within <see cref="SmtpClientOptions.ShutdownGrace"/>, then they are broken off.
    /// </summary>
    /// <param name="cancellationToken">Ends the grace early.</param>
    public async ValueTask CloseAsync(CancellationToken cancellationToken = default)
    {
        _timer.Remove(_pool);
        if (_ownsTimer)
        {
            _timer.Dispose();
        }

        await _pool.CloseAsync(_options.ShutdownGrace, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="CloseAsync"/>
    public ValueTask DisposeAsync() => CloseAsync(CancellationToken.None);

    /// <summary>Sends over a rented connection.</summary>
    /// <returns>
    /// Whether that was it. If not, the connection had been used or idle before and has ended before anything was committed, and the message
    /// can be sent anew.
    /// </returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TrySendAsync(
        PoolSlot<SmtpConnection> slot, SmtpMessage message, SendResult result, CancellationToken cancellationToken)
    {
        SmtpConnection connection = slot.Connection!;
        try
        {
            await connection.SendAsync(message, result, cancellationToken).ConfigureAwait(false);
            if (connection.IsUsable || !slot.IsReused || !WasClosedEarly(result) || !MaySendAnew(connection, result))
            {
                return true;
            }

            _diagnostics.Retrying(null);
            return false;
        }
        catch (SmtpConnectionException error) when (slot.IsReused && MaySendAnew(connection, result))
        {
            _diagnostics.Retrying(error);
            return false;
        }
    }

    private static bool MaySendAnew(SmtpConnection connection, SendResult result) =>
        !connection.HasReadContent
        && result.Recipients.CountOf(DeliveryOutcome.Accepted) == 0
        && result.Recipients.CountOf(DeliveryOutcome.Uncertain) == 0;

    /// <summary>Whether the server has said 421 before the message was complete. Said to the end of data, it is the answer to this message.</summary>
    private static bool WasClosedEarly(SendResult result)
    {
        for (int i = 0; i < result.Recipients.Count; i++)
        {
            RecipientReport recipient = result.Recipients[i];
            if (!recipient.Reply.IsNone && recipient.Reply.Code == ServiceClosing && recipient.Stage < SmtpStage.FinalReply)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A failure of what several wait for is told to each with the result of its own message.</summary>
    private Exception Tell(Exception error, SmtpMessage message, SendResult result)
    {
        if (error is not SmtpConnectionException { Result: null } shared)
        {
            return error;
        }

        result.SetUnsent(message.Envelope, _options.Host, _options.Port, shared.Stage < SmtpStage.Mail ? shared.Stage : SmtpStage.None);
        return shared.For(result);
    }

    private void End(Activity? activity, Exception? error, SmtpMessage message, SendResult result, long began)
    {
        TransactionReport recipients = result.Recipients;
        int accepted = recipients.CountOf(DeliveryOutcome.Accepted);
        string outcome = accepted == recipients.Count && accepted > 0 ? SendOutcome.Accepted
            : recipients.MayHaveBeenCommitted ? SendOutcome.Uncertain
            : accepted > 0 ? SendOutcome.Partial
            : error is null ? SendOutcome.Refused
            : error is OperationCanceledException ? SendOutcome.Cancelled
            : SendOutcome.Failed;
        _diagnostics.Sent(outcome, error, result, message.Content.Length, _options.TimeProvider.GetElapsedTime(began));
        SmtpClientActivity.EndSend(activity, outcome, error, result);
    }
}
