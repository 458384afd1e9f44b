namespace Relay.Http;

/// <summary>An address to suppress.</summary>
public sealed record SuppressionRequest
{
    /// <summary>The mailbox.</summary>
    public string? Address { get; init; }

    /// <summary>bounce, complaint, unsubscribe or manual, which is the default.</summary>
    public string? Reason { get; init; }

    /// <summary>A note, up to 200 characters.</summary>
    public string? Detail { get; init; }
}
