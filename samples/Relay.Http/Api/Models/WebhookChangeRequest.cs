namespace Relay.Http;

/// <summary>A change of a webhook.</summary>
public sealed record WebhookChangeRequest
{
    /// <summary>Whether it is told. What it missed meanwhile it hears then.</summary>
    public bool? Enabled { get; init; }
}
