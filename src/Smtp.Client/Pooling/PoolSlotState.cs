namespace Smtp.Client;

/// <summary>What a <see cref="PoolSlot{T}"/> is taken for.</summary>
internal enum PoolSlotState
{
    /// <summary>A connection is being made.</summary>
    Opening,

    /// <summary>The connection waits for somebody to rent it.</summary>
    Idle,

    /// <summary>Somebody has rented the connection.</summary>
    InUse,

    /// <summary>The connection is being closed. The server may still count it, so the place is not free yet.</summary>
    Closing,
}
