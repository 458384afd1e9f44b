using System.Threading.Tasks.Sources;

namespace Smtp.Client;

/// <summary>A waiter who awaits the connection itself, for whatever is to be done with it.</summary>
internal sealed class RentWaiter<T>(ConnectionPool<T> pool) : PoolWaiter<T>, IValueTaskSource<PoolSlot<T>>
    where T : class, IPoolConnection
{
    private ManualResetValueTaskSourceCore<PoolSlot<T>> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;

    internal override bool CanShare => false;

    internal ValueTask<PoolSlot<T>> Task => new(this, _core.Version);

    /// <summary>Lets a cancellation take the waiter out of the queue. Not under the pool's lock: the token may have fired already.</summary>
    internal void Register(CancellationToken cancellationToken)
    {
        _token = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((RentWaiter<T>)state!).OnCancelled(), this);
    }

    PoolSlot<T> IValueTaskSource<PoolSlot<T>>.GetResult(short token)
    {
        // Waits for a callback that runs just now.
        _registration.Dispose();
        return _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<PoolSlot<T>>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<PoolSlot<T>>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    protected override void OnRented(PoolSlot<T> slot) => _core.SetResult(slot);

    protected override void OnFailed(Exception error) => _core.SetException(error);

    private void OnCancelled()
    {
        if (pool.TryLeaveQueue(this))
        {
            Fail(new OperationCanceledException("The wait for a connection was cancelled.", _token));
        }
    }
}
