namespace Relay.Http;

/// <summary>What of a message's reading is told. Nothing by default.</summary>
public sealed record RequestedTracking
{
    /// <summary>Whether an image in the HTML tells when it was opened.</summary>
    public bool Opens { get; init; }

    /// <summary>Whether the HTML's links go by way of this host.</summary>
    public bool Clicks { get; init; }
}
