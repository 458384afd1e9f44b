namespace Relay.Spool;

/// <summary>What a refusal is about.</summary>
public enum BounceClass
{
    /// <summary>No refusal.</summary>
    None = 0,

    /// <summary>For good: the address or domain does not exist, or does not take this message.</summary>
    Hard = 1,

    /// <summary>For now, or for a reason that is not the recipient's.</summary>
    Soft = 2,
}
