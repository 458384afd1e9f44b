namespace Relay.Http;

/// <summary>A webhook to make.</summary>
public sealed record WebhookRequest
{
    /// <summary>Where events are posted: http or https.</summary>
    public string? Url { get; init; }

    /// <summary>The event types that it wants, such as delivered; all by default.</summary>
    public IReadOnlyList<string>? Types { get; init; }
}
