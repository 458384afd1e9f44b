using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// One call of <see cref="SmtpClient.SendAsync(SmtpMessage, SendResult, CancellationToken)"/>: what its caller awaits, and what waits for a
/// connection. Used again and again. It is completed once, by whoever holds it: the queue, or the runner of a connection.
/// </summary>
internal sealed class SendJob(SmtpClient client) : PoolWaiter<SmtpConnection>, IValueTaskSource<SendResult>
{
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<SendResult> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private SendResult? _result;
    private ConnectionRunner? _runner;
    private Activity? _activity;
    private long _began;
    private bool _isCancelled;
    private bool _isAbandoned;
    private Exception? _told;

    internal override bool CanShare => true;

    internal ValueTask<SendResult> Task => new(this, _core.Version);

    internal SmtpMessage Message { get; private set; } = null!;

    /// <summary>
    /// What a connection fills. It becomes the caller's when the job is completed, so that a caller who cancels need not wait until the
    /// connection is done with it.
    /// </summary>
    internal SendResult Working { get; private set; } = new();

    /// <summary>Whether the message goes over its second connection, as the first one had gone stale.</summary>
    internal bool IsRetried { get; set; }

    /// <summary>Whether the caller has cancelled it.</summary>
    internal bool IsCancelled => Volatile.Read(ref _isCancelled);

    /// <summary>
    /// Whether its content was sent, or is just being sent, so that the server may take the message. Under the lock of its runner, as is
    /// <see cref="IsAbandoned"/>.
    /// </summary>
    internal bool IsCommitted { get; set; }

    /// <summary>
    /// Whether the connection looks at the message just now, so that the caller, who may then change it, is not told of a cancellation before that is over.
    /// Under the lock of its runner.
    /// </summary>
    internal bool IsHeld { get; set; }

    /// <summary>Whether the connection was opened for this message, so that its failure is the server's.</summary>
    internal bool IsOnFreshConnection { get; set; }

    /// <summary>Takes the job up.</summary>
    internal void Begin(SmtpMessage message, SendResult result, Activity? activity, long began, CancellationToken cancellationToken)
    {
        Message = message;
        _result = result;
        _activity = activity;
        _began = began;
        _token = cancellationToken;
        WantsConnection = true;
        Working.SetUnsent(message.Envelope, client.Options.Host, client.Options.Port, SmtpStage.None);
    }

    /// <summary>Lets a cancellation end the job. Not under a lock: the token may have fired already.</summary>
    internal void Register() => _registration = _token.UnsafeRegister(static state => ((SendJob)state!).OnCancelled(), this);

    /// <summary>A runner takes the job over.</summary>
    /// <returns>Whether it is still wanted. If not, it was completed, or is by whoever cancels.</returns>
    internal bool TryAdopt(ConnectionRunner runner)
    {
        lock (_lock)
        {
            _runner = runner;
            return !_isCancelled;
        }
    }

    /// <summary>The time that waiting for a connection has taken is counted.</summary>
    internal void CountWait() => client.Diagnostics.Waited(client.Options.TimeProvider.GetElapsedTime(_began));

    /// <summary>Tells that the message goes over another connection.</summary>
    internal void Retry(Exception? error)
    {
        IsRetried = true;
        IsCommitted = false;
        IsHeld = false;
        client.Diagnostics.Retrying(error);
        SmtpClientActivity.AddRetry(_activity);
    }

    /// <summary>Decides what the caller is told: the working result, and an exception if there is one.</summary>
    internal void Decide(Exception? error)
    {
        SendResult result = _result!;
        if (_isAbandoned)
        {
            result.SetUnsent(Message.Envelope, Working.Host, client.Options.Port, IsCommitted ? SmtpStage.FinalReply : SmtpStage.None);
        }
        else
        {
            result.Swap(Working);
        }

        _told = error is SmtpConnectionException shared ? Tell(shared, result)
            : error is OperationCanceledException or InvalidOperationException && IsCancelled ? new OperationCanceledException("The send was cancelled.", error, _token)
            : error;
        client.End(_activity, _told, Message, result, _began);
    }

    /// <summary>Tells the caller, who goes on right here, on this stack.</summary>
    internal void Complete()
    {
        if (_told is { } error)
        {
            _core.SetException(error);
        }
        else
        {
            _core.SetResult(_result!);
        }
    }

    /// <summary>Tells the caller, who goes on elsewhere.</summary>
    internal void CompleteElsewhere() => Schedule();

    /// <summary>The connection still fills the working result, so the job cannot be used again.</summary>
    internal void Abandon() => _isAbandoned = true;

    /// <summary>Whether the caller was told already, before the connection was done.</summary>
    internal bool IsAbandoned => _isAbandoned;

    SendResult IValueTaskSource<SendResult>.GetResult(short token)
    {
        // Waits for a callback that runs just now: it must not meet the job's next use.
        _registration.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            if (!_isAbandoned)
            {
                Reset();
                client.Recycle(this);
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<SendResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<SendResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    protected override void OnRented(PoolSlot<SmtpConnection> slot) => client.Run(slot, this);

    protected override void OnFailed(Exception error)
    {
        Decide(error);
        Complete();
    }

    protected override void OnScheduled() => Complete();

    private void OnCancelled()
    {
        ConnectionRunner? runner;
        lock (_lock)
        {
            _isCancelled = true;
            runner = _runner;
        }

        if (client.TryLeaveQueue(this))
        {
            Fail(new OperationCanceledException("The wait for a connection was cancelled.", _token));
        }
        else
        {
            // Without a runner it is just being given to one, which will ask.
            runner?.Cancel(this);
        }
    }

    /// <summary>A failure of what several share is told to each with the result of its own message.</summary>
    private SmtpConnectionException Tell(SmtpConnectionException error, SendResult result)
    {
        if (error.Result is null && error.Stage < SmtpStage.Mail)
        {
            result.SetUnsent(Message.Envelope, error.Host, error.Port, error.Stage);
        }

        return error.For(result);
    }

    private void Reset()
    {
        _core.Reset();
        _registration = default;
        _token = default;
        _result = null;
        _runner = null;
        _activity = null;
        _isCancelled = false;
        _told = null;
        Message = null!;
        IsRetried = false;
        IsCommitted = false;
        IsHeld = false;
        IsOnFreshConnection = false;
    }
}
