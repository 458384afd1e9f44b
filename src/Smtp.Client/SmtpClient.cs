using System.Diagnostics;
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
/// used or idle before, nothing was or may have been taken by the server, and the content is in memory or was not read yet. It is done again where the
/// connection has answered other messages before it ended, as of a server that takes only a few over each.
/// </para>
/// <para>
/// Between two messages there is no RSET: a transaction ends with its end of data (RFC 5321 §4.1.1.4). One that ended earlier, as all
/// recipients were refused, is followed by RSET in the same flight as the next MAIL.
/// </para>
/// </remarks>
public sealed partial class SmtpClient : IAsyncDisposable
{
    // At most so many unused jobs are kept: a few hundred octets each.
    private const int MaximumSpareJobs = 1024;

    private readonly Stack<SendJob> _spareJobs = new();
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

        Options = options;
        Diagnostics = new PoolDiagnostics(options);
        _pool = new ConnectionPool<SmtpConnection>(options, Diagnostics, token => SmtpConnection.ConnectAsync(options, token));
        _ownsTimer = timer is null;
        _timer = timer ?? new MaintenanceTimer(options.TimeProvider, MaintenanceTimer.PeriodFor(options.PooledConnectionIdleTimeout));
        _timer.Add(_pool);
    }

    /// <summary>The options, which are valid.</summary>
    internal SmtpClientOptions Options { get; }

    /// <summary>Where it is told what happens.</summary>
    internal PoolDiagnostics Diagnostics { get; }

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
    public ValueTask<SendResult> SendAsync(SmtpMessage message, SendResult result, CancellationToken cancellationToken = default) =>
        Begin(message, result, wantsConnection: true, cancellationToken);

    /// <summary>
    /// Sees to it that there is a connection, as all options demand it: connects, or says NOOP over a connection that is there. What a program
    /// does at its start to find out a wrong name, certificate or password, and what a health check does.
    /// </summary>
    /// <returns>What the server offers over that connection: its extensions, its size limit, its LIMITS.</returns>
    /// <exception cref="SmtpConnectionException">There is none, and why.</exception>
    public async ValueTask<PeerCapabilities> VerifyAsync(CancellationToken cancellationToken = default)
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

            return slot.Connection!.Peer;
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

        await _pool.CloseAsync(Options.ShutdownGrace, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="CloseAsync"/>
    public ValueTask DisposeAsync() => CloseAsync(CancellationToken.None);

    /// <summary>Sends a job over a connection, and goes on with what waits.</summary>
    internal void Run(PoolSlot<SmtpConnection> slot, SendJob job)
    {
        var runner = (ConnectionRunner?)slot.Attachment;
        slot.Attachment = runner ??= new ConnectionRunner(_pool, slot);

        runner.Start(job);
    }

    /// <summary>Takes a job out of the queue.</summary>
    /// <returns>Whether it was there.</returns>
    internal bool TryLeaveQueue(SendJob job) => _pool.TryLeaveQueue(job);

    /// <summary>Takes a job back whose caller was told.</summary>
    internal void Recycle(SendJob job)
    {
        lock (_spareJobs)
        {
            if (_spareJobs.Count < MaximumSpareJobs)
            {
                _spareJobs.Push(job);
            }
        }
    }

    /// <summary>Counts and tells that a send has ended.</summary>
    internal void End(Activity? activity, Exception? error, SmtpMessage message, SendResult result, long began)
    {
        TransactionReport recipients = result.Recipients;
        int accepted = recipients.CountOf(DeliveryOutcome.Accepted);
        string outcome = accepted == recipients.Count && accepted > 0 ? SendOutcome.Accepted
            : recipients.MayHaveBeenCommitted ? SendOutcome.Uncertain
            : accepted > 0 ? SendOutcome.Partial
            : error is null ? SendOutcome.Refused
            : error is OperationCanceledException ? SendOutcome.Cancelled
            : SendOutcome.Failed;
        Diagnostics.Sent(outcome, error, result, message.Content.Length, Options.TimeProvider.GetElapsedTime(began));
        SmtpClientActivity.EndSend(activity, outcome, error, result);
    }

    private ValueTask<SendResult> Begin(SmtpMessage message, SendResult result, bool wantsConnection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(result);
        if (cancellationToken.IsCancellationRequested)
        {
            result.SetUnsent(message.Envelope, Options.Host, Options.Port, SmtpStage.None);
            return ValueTask.FromCanceled<SendResult>(cancellationToken);
        }

        SendJob job = RentJob();
        job.Begin(message, result, SmtpClientActivity.StartSend(Options, message), Options.TimeProvider.GetTimestamp(), cancellationToken);
        job.WantsConnection = wantsConnection;
        PoolSlot<SmtpConnection>? slot;
        try
        {
            if (!_pool.TryRent(job, out slot))
            {
                job.Register();
                return job.Task;
            }
        }
        catch (Exception error) when (error is SmtpConnectionException or ObjectDisposedException)
        {
            // To be met where the others are: when the task is awaited.
            job.Decide(error);
            job.Complete();
            return job.Task;
        }

        Run(slot, job);
        job.Register();
        return job.Task;
    }

    private SendJob RentJob()
    {
        lock (_spareJobs)
        {
            if (_spareJobs.TryPop(out SendJob? job))
            {
                return job;
            }
        }

        return new SendJob(this);
    }
}
