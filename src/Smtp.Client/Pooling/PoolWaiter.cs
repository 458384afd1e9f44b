namespace Smtp.Client;

/// <summary>
/// Somebody who waits for a connection; a link of the pool's queue. Used again and again. The pool decides under its lock what becomes of
/// the waiter; what follows from that runs as a work item of its own, never on the stack of whoever gave the connection back.
/// </summary>
internal abstract class PoolWaiter<T> : IThreadPoolWorkItem
    where T : class, IPoolConnection
{
    private PoolSlot<T>? _slot;
    private Exception? _error;

    /// <summary>Its number in the order of coming.</summary>
    internal long Number { get; set; }

    /// <summary>Since when it waits, as a timestamp of the pool's clock.</summary>
    internal long Since { get; set; }

    /// <summary>Whether it is in the queue, and nothing is decided yet.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>Whether a connection is worth opening for it. One that does not want one waits for those that there are.</summary>
    internal bool WantsConnection { get; set; } = true;

    /// <summary>Whether it can share a rented connection with another: see <see cref="ConnectionPool{T}.TryTakeWaiter"/>.</summary>
    internal abstract bool CanShare { get; }

    /// <summary>Whoever came before.</summary>
    internal PoolWaiter<T>? Previous { get; set; }

    /// <summary>Whoever came next.</summary>
    internal PoolWaiter<T>? Next { get; set; }

    /// <summary>Gives the waiter, who has left the queue, a connection.</summary>
    internal void Complete(PoolSlot<T> slot)
    {
        _slot = slot;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    /// <summary>Tells the waiter, who has left the queue, that there is no connection to be had.</summary>
    internal void Fail(Exception error)
    {
        _error = error;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    void IThreadPoolWorkItem.Execute()
    {
        (PoolSlot<T>? slot, Exception? error) = (_slot, _error);
        (_slot, _error) = (null, null);
        if (error is not null)
        {
            OnFailed(error);
        }
        else if (slot is not null)
        {
            OnRented(slot);
        }
        else
        {
            OnScheduled();
        }
    }

    /// <summary>The connection is the waiter's now, to be given back.</summary>
    protected abstract void OnRented(PoolSlot<T> slot);

    /// <summary>There is no connection, and no more waiting.</summary>
    protected abstract void OnFailed(Exception error);

    /// <summary>Runs when <see cref="Schedule"/> was called.</summary>
    protected virtual void OnScheduled()
    {
    }

    /// <summary>Runs <see cref="OnScheduled"/> as a work item.</summary>
    protected void Schedule() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
}
