namespace Smtp.Client;

/// <summary>
/// One of the places of a <see cref="ConnectionPool{T}"/>, and the connection that has it. All but <see cref="Connection"/> belongs to the
/// pool's lock. Opening and closing run as work items: away from the caller's stack, lock and execution context.
/// </summary>
internal sealed class PoolSlot<T>(ConnectionPool<T> pool, long number) : IThreadPoolWorkItem
    where T : class, IPoolConnection
{
    /// <summary>The count of waiters when opening began: whoever has a lower number was waiting already.</summary>
    internal long Number { get; } = number;

    internal PoolSlotState State { get; set; }

    /// <summary>The connection; <see langword="null"/> while it is being made, and after that failed.</summary>
    internal T? Connection { get; set; }

    /// <summary>When the connection was made, as a timestamp of the pool's clock.</summary>
    internal long OpenedAt { get; set; }

    /// <summary>Since when it is idle, or in use.</summary>
    internal long Since { get; set; }

    /// <summary>How often it was taken for a message.</summary>
    internal int Uses { get; set; }

    /// <summary>What whoever rents the slot wants to find there again.</summary>
    internal object? Attachment { get; set; }

    /// <summary>
    /// Whether the connection was there before whoever rents it now came. If it fails before anything is committed, that may be because it
    /// was stale, and says nothing about the server.
    /// </summary>
    internal bool IsReused { get; set; }

    /// <summary>Why it closes, for logs and metrics.</summary>
    internal PoolCloseReason CloseReason { get; set; }

    void IThreadPoolWorkItem.Execute() => pool.Run(this);
}
