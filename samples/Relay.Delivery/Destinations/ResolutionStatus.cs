namespace Relay.Delivery;

/// <summary>What came of looking for a destination's hosts.</summary>
public enum ResolutionStatus
{
    /// <summary>There are hosts to try.</summary>
    Found,

    /// <summary>It is not known now: the name servers did not answer, or could not.</summary>
    Transient,

    /// <summary>There is no way to the destination.</summary>
    Permanent,
}
