namespace Relay.Http;

/// <summary>How to suspend a destination.</summary>
public sealed record SuspendRequest
{
    /// <summary>Why, one line.</summary>
    public string? Reason { get; init; }

    /// <summary>When it ends by itself; never by default.</summary>
    public DateTimeOffset? Until { get; init; }
}
