namespace Smtp.Server;

/// <summary>What a connection waits for, and thus what its deadline ends.</summary>
internal enum DeadlineKind : byte
{
    /// <summary>The application's own code: it may take its time.</summary>
    None,

    /// <summary>The client's octets: a 421 can still be said.</summary>
    Read,

    /// <summary>The client's taking of ours, or a handshake: nothing can be said, the connection is cut.</summary>
    Cut,
}
