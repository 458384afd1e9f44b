using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Smtp.Client;

/// <summary>
/// Somebody who waits for a connection; a link of the pool's queue. Used again and again. The pool decides under its lock what becomes of
/// the waiter; whoever waits goes on as a work item of its own, never on the stack of whoever gave the connection back.
/// </summary>
internal sealed class PoolWaiter<T>(ConnectionPool<T> pool) : IValueTaskSource<PoolSlot<T>>, IThreadPoolWorkItem
    where T : class, IPoolConnection
{
    private ManualResetValueTaskSourceCore<PoolSlot<T>> _core;
    private PoolSlot<T>? _slot;
    private Exception? _error;
    private CancellationTokenRegistration _registration;

    /// <summary>Its number in the order of coming.</summary>
    internal long Number { get; set; }

    /// <summary>Since when it waits, as a timestamp of the pool's clock.</summary>
    internal long Since { get; set; }

    /// <summary>Whether it is in the queue, and nothing is decided yet.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>Whoever came before.</summary>
    internal PoolWaiter<T>? Previous { get; set; }

    /// <summary>Whoever came next.</summary>
    internal PoolWaiter<T>? Next { get; set; }

    internal ValueTask<PoolSlot<T>> Task => new(this, _core.Version);

    private CancellationToken Token { get; set; }

    /// <summary>Lets a cancellation take the waiter out of the queue. Not under the pool's lock: the token may have fired already.</summary>
    internal void Register(CancellationToken cancellationToken)
    {
        Token = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((PoolWaiter<T>)state!).OnCancelled(), this);
    }

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
        if (_error is { } error)
        {
            _core.SetException(error);
        }
        else
        {
            _core.SetResult(_slot!);
        }
    }

    PoolSlot<T> IValueTaskSource<PoolSlot<T>>.GetResult(short token)
    {
        PoolSlot<T>? slot = _slot;
        Exception? error = _error;
        _ = _core.GetStatus(token);

        // Waits for a callback that runs just now: it must not meet the waiter's next use.
        _registration.Dispose();
        _registration = default;
        Token = default;
        _slot = null;
        _error = null;
        _core.Reset();
        pool.Recycle(this);
        if (error is not null)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        return slot!;
    }

    ValueTaskSourceStatus IValueTaskSource<PoolSlot<T>>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<PoolSlot<T>>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void OnCancelled()
    {
        if (pool.TryLeaveQueue(this))
        {
            Fail(new OperationCanceledException("The wait for a connection was cancelled.", Token));
        }
    }
}
