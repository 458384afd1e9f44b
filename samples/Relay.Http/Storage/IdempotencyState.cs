namespace Relay.Http;

/// <summary>What to do with a request that has an <c>Idempotency-Key</c>.</summary>
internal enum IdempotencyState
{
    /// <summary>Carry it out, and then complete or release the claim.</summary>
    Carry,

    /// <summary>It was carried out: say the first answer again.</summary>
    Repeat,

    /// <summary>Another request came with the same key.</summary>
    OtherRequest,

    /// <summary>The same request is being carried out at this moment.</summary>
    Running,
}
