namespace Relay.Delivery;

/// <summary>What a name server said to a question.</summary>
internal enum DnsOutcome
{
    /// <summary>The name exists. There may be no record of the type that was asked for.</summary>
    Answered,

    /// <summary>There is no such name (RFC 8020).</summary>
    NoSuchName,

    /// <summary>No answer in time, SERVFAIL, REFUSED or nonsense: nothing is known.</summary>
    Failed,
}
