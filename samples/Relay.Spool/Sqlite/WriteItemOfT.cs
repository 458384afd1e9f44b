namespace Relay.Spool;

/// <summary>An item with a result.</summary>
internal abstract class WriteItem<T> : WriteItem
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the transaction is on the disk, or with <see cref="SpoolException"/>.</summary>
    internal Task<T> Done => _done.Task;

    /// <summary>What <see cref="WriteItem.Run"/> found.</summary>
    protected T Result { get; set; } = default!;

    internal override void Committed() => _done.TrySetResult(Result);

    internal override void Failed(Exception error) => _done.TrySetException(error);
}
