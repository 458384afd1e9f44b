namespace Relay.Spool;

/// <summary>Says that something has changed, to whoever waits now and, once, to who waits next.</summary>
internal sealed class SpoolSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void Set()
    {
        lock (_lock)
        {
            _changed.TrySetResult();
        }
    }

    /// <summary>Ends when there was a change since the last wait that ended.</summary>
    internal async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        Task changed;
        lock (_lock)
        {
            changed = _changed.Task;
        }

        await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            if (ReferenceEquals(changed, _changed.Task))
            {
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
