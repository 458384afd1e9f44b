using System.Diagnostics.CodeAnalysis;

namespace Smtp.Client;

/// <summary>
/// Connections to one server, and the queue of those who wait for one.
/// </summary>
/// <remarks>
/// <para>
/// Invariants, all under one lock: there are never more slots than <see cref="SmtpClientOptions.MaximumConnections"/>, whatever they are taken
/// for; a connection that comes free goes to whoever waits longest, so nobody waits while a connection is idle, and nobody is overtaken;
/// every slot that is rented is given back or the pool knows why not.
/// </para>
/// <para>
/// Opening a connection belongs to nobody: it is begun because somebody waits, and goes to the head of the queue when it is done. So the
/// cancellation of one wait never breaks off what another profits by, and whoever waits gets what comes first, a connection given back or a
/// new one.
/// </para>
/// <para>
/// When opening fails: while other connections are in use, they serve the queue, and the pool does not try to grow for a while
/// (<see cref="SmtpClientOptions.ConnectBackoff"/>, doubled for each failure on end), as a server that limits connections is not to be
/// hammered. With no connection in use, everybody fails who was waiting already when the attempt began, and when no other attempt is left,
/// everybody: nobody sits out one time-out after the other. A server that answers and refuses the session (421 too many connections) counts
/// as there, so that attempts that are still under way are waited for.
/// </para>
/// </remarks>
internal sealed partial class ConnectionPool<T> : IMaintained, IAsyncDisposable
    where T : class, IPoolConnection
{
    private readonly SmtpClientOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Func<CancellationToken, ValueTask<T>> _open;
    private readonly PoolDiagnostics _diagnostics;
    private readonly Deadline _acquireDeadline;
    private readonly CancellationTokenSource _closingSource = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();

    // The slots with an idle connection, the last used at the end: surplus ones grow old at the start.
    private readonly List<PoolSlot<T>> _idle = [];
    private readonly HashSet<PoolSlot<T>> _slots = [];
    private PoolWaiter<T>? _head;
    private PoolWaiter<T>? _tail;
    private int _waiting;
    private int _wanting;
    private int _opening;
    private int _inUse;
    private long _numbers;
    private int _failuresOnEnd;
    private long _noGrowthBefore = long.MinValue;
    private bool _isClosing;

    /// <summary>Makes an empty pool; the first connection is opened for whoever first wants one.</summary>
    /// <param name="options">The limits, which are valid.</param>
    /// <param name="diagnostics">Where it is told what happens.</param>
    /// <param name="open">Opens a connection.</param>
    internal ConnectionPool(SmtpClientOptions options, PoolDiagnostics diagnostics, Func<CancellationToken, ValueTask<T>> open)
    {
        _options = options;
        _timeProvider = options.TimeProvider;
        _diagnostics = diagnostics;
        _open = open;
        _acquireDeadline = new Deadline(_timeProvider, FailOverdue);
    }

    /// <summary>How the pool stands.</summary>
    internal SmtpPoolStatistics Statistics
    {
        get
        {
            lock (_lock)
            {
                return new SmtpPoolStatistics(_slots.Count, _idle.Count, _inUse, _opening, _waiting);
            }
        }
    }

    /// <summary>Whether the pool is closed, or about to be.</summary>
    internal bool IsClosing
    {
        get
        {
            lock (_lock)
            {
                return _isClosing;
            }
        }
    }

    /// <summary>Takes a connection, or waits for one. To be given back with <see cref="Return"/>, whatever becomes of it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ObjectDisposedException">The pool is closed.</exception>
    /// <exception cref="SmtpConnectionException">No connection could be made, none came free in time, or too many wait already.</exception>
    internal ValueTask<PoolSlot<T>> RentAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new RentWaiter<T>(this);
        if (TryRent(waiter, out PoolSlot<T>? slot))
        {
            return new ValueTask<PoolSlot<T>>(slot);
        }

        waiter.Register(cancellationToken);
        return waiter.Task;
    }

    /// <summary>Takes an idle connection, or queues the waiter for one.</summary>
    /// <returns>Whether there is a connection now. If not, the waiter is told what becomes of it.</returns>
    /// <inheritdoc cref="RentAsync" path="/exception"/>
    internal bool TryRent(PoolWaiter<T> waiter, [NotNullWhen(true)] out PoolSlot<T>? slot)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosing, typeof(SmtpClient));
            slot = TryTakeIdle();
            if (slot is not null)
            {
                return true;
            }

            if (_waiting >= _options.MaximumWaiters)
            {
                throw _diagnostics.Overcrowded(_waiting);
            }

            Enqueue(waiter);
            Grow();
            return false;
        }
    }

    /// <summary>
    /// Takes the head of the queue along over a connection that is rented already, if both can share it. So a connection that has more to do
    /// than it can goes from one message to the next without being given back, and nobody is overtaken.
    /// </summary>
    /// <param name="slot">The connection's slot.</param>
    /// <param name="underWay">How many are under way over the connection already. From the second on it leaves as many to each other connection.</param>
    internal PoolWaiter<T>? TryTakeWaiter(PoolSlot<T> slot, int underWay)
    {
        lock (_lock)
        {
            // Otherwise the first connection that is free would take all, one behind the other, while the next come free with nothing to do.
            if (_head is not { CanShare: true } waiter
                || (underWay > 1 && (underWay - 1) * (_slots.Count - 1) >= _waiting)
                || ReasonToRetire(slot, slot.Connection!) is not null)
            {
                return null;
            }

            Unlink(waiter);
            slot.Uses++;
            return waiter;
        }
    }

    /// <summary>Puts a waiter that was taken out of the queue back to its head: nothing was done for it, through no fault of its own.</summary>
    internal void PutBack(PoolWaiter<T> waiter)
    {
        lock (_lock)
        {
            if (_isClosing)
            {
                waiter.Fail(_diagnostics.ClientClosed());
                return;
            }

            waiter.IsQueued = true;
            waiter.Next = _head;
            if (_head is null)
            {
                _tail = waiter;
                _acquireDeadline.Set(_options.AcquireTimeout);
            }
            else
            {
                _head.Previous = waiter;
            }

            _head = waiter;
            CountWaiting(waiter, +1);
            Grow();
        }
    }

    /// <summary>Gives a connection back. One that is no longer usable is closed, and its place is free for another.</summary>
    internal void Return(PoolSlot<T> slot)
    {
        lock (_lock)
        {
            _inUse--;
            _diagnostics.CountUsed(-1);
            if (slot.Connection is not { } connection)
            {
                // Replacing it has failed.
                Free(slot);
            }
            else if (ReasonToClose(slot, connection) is { } reason)
            {
                BeginClose(slot, reason);
            }
            else
            {
                Place(slot, isReused: true);
            }
        }
    }

    /// <summary>
    /// Puts a new connection into a rented slot, in place of one that has failed. The place is kept meanwhile, so that whoever has begun does
    /// not queue again.
    /// </summary>
    internal async ValueTask ReplaceAsync(PoolSlot<T> slot, CancellationToken cancellationToken)
    {
        T failed = slot.Connection!;
        slot.Connection = null;
        await failed.CloseAsync().ConfigureAwait(false);
        _diagnostics.Closed(PoolCloseReason.Unusable, ElapsedSince(slot.OpenedAt), slot.Uses);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closingSource.Token);
        long began = _timeProvider.GetTimestamp();
        try
        {
            slot.Connection = await _open(either.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            _diagnostics.OpenFailed(error, ElapsedSince(began));
            if (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw _diagnostics.ClientClosed();
            }

            throw;
        }

        lock (_lock)
        {
            OnOpened(slot, began);
            slot.Uses = 1;
            slot.IsReused = false;
        }
    }

    /// <summary>Takes a waiter out of the queue who no longer wants to wait.</summary>
    /// <returns>Whether it was still there.</returns>
    internal bool TryLeaveQueue(PoolWaiter<T> waiter)
    {
        lock (_lock)
        {
            if (!waiter.IsQueued)
            {
                return false;
            }

            Unlink(waiter);
            return true;
        }
    }

    /// <summary>The last used idle connection that is still good. The others that were looked at are closed.</summary>
    private PoolSlot<T>? TryTakeIdle()
    {
        while (_idle.Count > 0)
        {
            PoolSlot<T> slot = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            PoolCloseReason? reason = slot.Connection!.IsStale() ? PoolCloseReason.Stale : ReasonToClose(slot, slot.Connection);
            if (reason is null)
            {
                Take(slot, isReused: true);
                return slot;
            }

            _diagnostics.CountIdle(-1);
            BeginClose(slot, reason.Value);
        }

        return null;
    }

    private void Take(PoolSlot<T> slot, bool isReused)
    {
        if (slot.State == PoolSlotState.Idle)
        {
            _diagnostics.CountIdle(-1);
        }

        slot.State = PoolSlotState.InUse;
        slot.IsReused = isReused;
        slot.Uses++;
        slot.Since = _timeProvider.GetTimestamp();
        _inUse++;
        _diagnostics.CountUsed(+1);
    }

    /// <summary>Gives a good connection to the head of the queue, or lays it by.</summary>
    private void Place(PoolSlot<T> slot, bool isReused)
    {
        if (_head is { } waiter)
        {
            Unlink(waiter);
            Take(slot, isReused);
            waiter.Complete(slot);
        }
        else
        {
            slot.State = PoolSlotState.Idle;
            slot.Since = _timeProvider.GetTimestamp();
            _idle.Add(slot);
            _diagnostics.CountIdle(+1);
        }
    }

    private PoolCloseReason? ReasonToClose(PoolSlot<T> slot, T connection) =>
        ReasonToRetire(slot, connection) ?? (connection.IsUsable ? null : PoolCloseReason.Unusable);

    /// <summary>Why a connection is to be closed though it is in good order.</summary>
    private PoolCloseReason? ReasonToRetire(PoolSlot<T> slot, T connection)
    {
        return _isClosing ? PoolCloseReason.ClientClosed
            : slot.Uses >= Math.Min(_options.MaximumMessagesPerConnection, connection.MaximumMessages ?? int.MaxValue) ? PoolCloseReason.MessageLimit
            : IsOver(_options.PooledConnectionLifetime, slot.OpenedAt) ? PoolCloseReason.Lifetime
            : null;
    }

    /// <summary>Opens connections for those who wait, as far as there are places and the server seems to want them.</summary>
    private void Grow()
    {
        while ((_opening < _wanting || (_waiting > 0 && _inUse + _opening == 0)) && _slots.Count < _options.MaximumConnections && MayGrow() && !_isClosing)
        {
            BeginOpen();
        }
    }

    // Without a connection there is nothing to wait for, so then the pool tries at once.
    private bool MayGrow() => _inUse + _opening == 0 || _failuresOnEnd == 0 || _timeProvider.GetTimestamp() >= _noGrowthBefore;

    private void BeginOpen()
    {
        var slot = new PoolSlot<T>(this, _numbers) { State = PoolSlotState.Opening };
        _slots.Add(slot);
        _opening++;
        ThreadPool.UnsafeQueueUserWorkItem(slot, preferLocal: false);
    }

    private static void BeginClose(PoolSlot<T> slot, PoolCloseReason reason)
    {
        slot.State = PoolSlotState.Closing;
        slot.CloseReason = reason;
        ThreadPool.UnsafeQueueUserWorkItem(slot, preferLocal: false);
    }

    /// <summary>A place is free: for whoever waits, or it was the last one that a closing pool waits for.</summary>
    private void Free(PoolSlot<T> slot)
    {
        _slots.Remove(slot);
        if (_isClosing && _slots.Count == 0)
        {
            _drained.TrySetResult();
        }

        Grow();
    }

    private void Enqueue(PoolWaiter<T> waiter)
    {
        waiter.Number = ++_numbers;
        waiter.Since = _timeProvider.GetTimestamp();
        waiter.IsQueued = true;
        waiter.Previous = _tail;
        if (_tail is null)
        {
            _head = waiter;

            // All wait equally long at most, so the head is the first whose time is over.
            _acquireDeadline.Set(_options.AcquireTimeout);
        }
        else
        {
            _tail.Next = waiter;
        }

        _tail = waiter;
        CountWaiting(waiter, +1);
    }

    private void Unlink(PoolWaiter<T> waiter)
    {
        if (waiter.Previous is { } previous)
        {
            previous.Next = waiter.Next;
        }
        else
        {
            _head = waiter.Next;
        }

        if (waiter.Next is { } next)
        {
            next.Previous = waiter.Previous;
        }
        else
        {
            _tail = waiter.Previous;
        }

        waiter.Previous = null;
        waiter.Next = null;
        waiter.IsQueued = false;
        CountWaiting(waiter, -1);
    }

    private void CountWaiting(PoolWaiter<T> waiter, int change)
    {
        _waiting += change;
        _wanting += waiter.WantsConnection ? change : 0;
        _diagnostics.CountWaiting(change);
    }

    /// <summary>Fails the waiters with a number up to this one.</summary>
    private void FailWaiters(long upTo, Exception error)
    {
        while (_head is { } waiter && waiter.Number <= upTo)
        {
            Unlink(waiter);
            waiter.Fail(error);
        }
    }

    private void FailOverdue()
    {
        lock (_lock)
        {
            while (_head is { } waiter)
            {
                TimeSpan waited = ElapsedSince(waiter.Since);
                if (waited < _options.AcquireTimeout)
                {
                    _acquireDeadline.Set(_options.AcquireTimeout - waited);
                    return;
                }

                Unlink(waiter);
                waiter.Fail(_diagnostics.Overdue(waited, _slots.Count, _opening));
            }
        }
    }

    private TimeSpan ElapsedSince(long timestamp) => _timeProvider.GetElapsedTime(timestamp);

    private bool IsOver(TimeSpan limit, long since) => limit != Timeout.InfiniteTimeSpan && ElapsedSince(since) >= limit;
}
