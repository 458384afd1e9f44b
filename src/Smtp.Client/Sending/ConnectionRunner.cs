using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Smtp.Client;

/// <summary>
/// Sends jobs over the connection of one slot, one behind the other, as long as there are any: the job it was started for, then those that
/// wait in the pool's queue. Then it gives the slot back, and only then tells the caller of the last job, who so finds the connection idle.
/// </summary>
/// <remarks>
/// <para>
/// What becomes of a job when the connection ends: one of which anything was or may have been taken, whose content was read, that went
/// over a connection opened for it, or that was sent anew already, is told so. Any other is sent anew, over a connection that is opened in
/// the same slot. The last two do not count where the connection has answered others before, or was broken off for another that was cancelled: a server
/// that takes a few messages over each connection gets them all, and each time there are fewer.
/// </para>
/// <para>
/// A cancelled job that goes first takes the connection with it, unless others were sent behind it: then the connection goes on without it, and its
/// caller is told that the message may be taken. So is the caller of a job that was sent behind another. One of which only the envelope was sent behind another's
/// body is told to its caller at once, and the connection is broken off when those before it are done; one that was not begun is forgotten. A cancellation never harms the message of another.
/// </para>
/// </remarks>
internal sealed partial class ConnectionRunner(ConnectionPool<SmtpConnection> pool, PoolSlot<SmtpConnection> slot)
    : MessageFeed, IValueTaskSource<SendJob>
{
    // Of a thread that has none of anybody's.
    private static readonly ExecutionContext? NoContext = CaptureNone();

    private readonly Lock _lock = new();

    // Given to the connection and not done, in order: one that goes first, those behind it, and at most one that is not begun.
    private readonly List<SendJob> _underWay = new(4);

    // To be given to the connection before anything from the queue.
    private readonly List<SendJob> _next = new(4);
    private SendJob? _first;
    private SendJob? _lastDone;
    private ManualResetValueTaskSourceCore<SendJob> _started;
    private bool _holds;
    private bool _isRunning;
    private bool _hasRun;
    private Exception? _toldError;

    /// <summary>Sends a job, and then all that wait. For whoever has rented the slot; it is given back when there is no more to do.</summary>
    internal void Start(SendJob job)
    {
        _first = job;
        if (NoContext is null || ExecutionContext.IsFlowSuppressed())
        {
            StartFirst();
            return;
        }

        // What a connection does for many is not to carry the context of one. To suppress the flow would allocate.
        ExecutionContext.Run(NoContext, static state => ((ConnectionRunner)state!).StartFirst(), this);
    }

    SendJob IValueTaskSource<SendJob>.GetResult(short token) => _started.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SendJob>.GetStatus(short token) => _started.GetStatus(token);

    void IValueTaskSource<SendJob>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        _started.OnCompleted(continuation, state, token, flags);
        if (!_hasRun)
        {
            return;
        }

        // Only now does the loop wait, and can be started again: by whoever gets the slot next, or by the caller of the last job, who goes on
        // on this stack and may stay there for long.
        _hasRun = false;
        SendJob? last = _lastDone;
        _lastDone = null;
        pool.Return(slot);
        last?.Complete();
    }

    private static ExecutionContext? CaptureNone()
    {
        ExecutionContext? none = null;
        var thread = new Thread(() => none = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return none;
    }

    private void StartFirst()
    {
        SendJob job = _first!;
        _first = null;
        if (!_isRunning)
        {
            _isRunning = true;
            _ = RunAsync();
        }

        _started.SetResult(job);
    }

    /// <summary>
    /// One loop for the whole life of the slot, so that a run costs no task: (1) waits to be started, (2) sends what there is, (3) opens another
    /// connection if one has failed under jobs that can be sent anew, (4) waits again, which gives the slot back: see OnCompleted. It ends by being forgotten.
    /// </summary>
    private async Task RunAsync()
    {
        while (true)
        {
            // (1)
            SendJob first = await new ValueTask<SendJob>(this, _started.Version).ConfigureAwait(false);
            _started.Reset();
            first.IsOnFreshConnection = !slot.IsReused;
            lock (_lock)
            {
                _next.Add(first);
            }

            do
            {
                // (2)
                await SendAllAsync(slot.Connection!).ConfigureAwait(false);
            }

            // (3)
            while (HasNext() && await TryReconnectAsync().ConfigureAwait(false));

            // (4)
            _hasRun = true;
        }
    }

    /// <summary>A job's caller no longer wants it.</summary>
    internal void Cancel(SendJob job)
    {
        bool isDecided = false;
        SmtpConnection? cut = null;
        lock (_lock)
        {
            if (_next.Remove(job))
            {
                isDecided = true;
            }
            else
            {
                switch (_underWay.IndexOf(job))
                {
                    case >= 0 when job.IsCommitted && !job.IsAbandoned && HasOtherCommitted(job):
                        job.Abandon();
                        isDecided = !job.IsHeld;
                        break;
                    case 0 when slot.Connection!.TryMarkCancelled():
                        cut = slot.Connection;
                        break;
                    case > 0 when !job.IsAbandoned:
                        job.Abandon();
                        isDecided = !job.IsHeld;
                        break;
                }
            }
        }

        cut?.Cut();
        if (isDecided)
        {
            TellCancelled(job);
        }
    }

    /// <summary>Lets the connection send what there is.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "It is told to the jobs that it belongs to.")]
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAllAsync(SmtpConnection connection)
    {
        Exception? failure = null;
        _toldError = null;
        try
        {
            if (!connection.HasEnded)
            {
                await connection.SendAsync(this, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (ReferenceEquals(error, _toldError) || error is SmtpConnectionException or OperationCanceledException)
        {
            // See OnDone.
        }
        catch (Exception error)
        {
            failure = error;
        }

        if (WaitingResult is not { } result)
        {
            return;
        }

        Withdraw();
        SendJob job;
        bool isUntold;
        lock (_lock)
        {
            job = TakeUnderWay(result);
            isUntold = job is { IsHeld: true, IsAbandoned: true };
            job.IsHeld = false;
            if (job.IsAbandoned && !isUntold)
            {
                return;
            }

            if (failure is null && !isUntold)
            {
                // It was not begun, and is the next connection's.
                _next.Add(job);
                return;
            }
        }

        if (isUntold)
        {
            TellCancelled(job);
            return;
        }

        // It could not even be begun.
        job.Decide(failure);
        job.CompleteElsewhere();
    }

    private static void TellCancelled(SendJob job)
    {
        job.Decide(new OperationCanceledException());
        job.CompleteElsewhere();
    }

    private bool HasOtherCommitted(SendJob job)
    {
        foreach (SendJob other in _underWay)
        {
            if (other.IsCommitted && other != job)
            {
                return true;
            }
        }

        return false;
    }

    private SendJob TakeUnderWay(SendResult working)
    {
        int index = IndexUnderWay(working);
        SendJob job = _underWay[index];
        _underWay.RemoveAt(index);
        return job;
    }

    private int IndexUnderWay(SendResult working)
    {
        for (int i = 0; i < _underWay.Count; i++)
        {
            if (ReferenceEquals(_underWay[i].Working, working))
            {
                return i;
            }
        }

        throw new InvalidOperationException("The connection knows a message that it was not given.");
    }

    private bool HasNext()
    {
        lock (_lock)
        {
            return _next.Count > 0;
        }
    }

    /// <summary>Tells the caller of a job that is done, as there is more to do for the connection.</summary>
    private void Release()
    {
        _lastDone?.CompleteElsewhere();
        _lastDone = null;
    }

    /// <summary>Opens a connection in place of the one that has failed, for jobs that are sent anew; or tells them that there is none.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "It is told to the jobs.")]
    private async ValueTask<bool> TryReconnectAsync()
    {
        Exception failure;
        try
        {
            await pool.ReplaceAsync(slot, CancellationToken.None).ConfigureAwait(false);
            lock (_lock)
            {
                if (_next.Count > 0)
                {
                    _next[0].IsOnFreshConnection = true;
                }
            }

            return true;
        }
        catch (Exception error)
        {
            failure = error;
        }

        SendJob[] failed;
        lock (_lock)
        {
            failed = [.. _next];
            _next.Clear();
        }

        // Each goes to the head of the queue, so the last one goes first.
        for (int i = failed.Length - 1; i >= 0; i--)
        {
            SendJob job = failed[i];
            if (job.IsRetried)
            {
                job.Decide(failure);
                job.CompleteElsewhere();
            }
            else
            {
                pool.PutBack(job);
            }
        }

        return false;
    }
}
