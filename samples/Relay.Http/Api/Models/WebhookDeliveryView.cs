namespace Relay.Http;

/// <summary>One event for one webhook.</summary>
/// <param name="Id">Its id.</param>
/// <param name="WebhookId">The webhook-id header.</param>
/// <param name="Type">The event type.</param>
/// <param name="State">pending, delivered or failed.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAttemptAt">When it is tried; null if it is done.</param>
/// <param name="LastStatus">The last HTTP status; null if there was no answer.</param>
/// <param name="LastError">Why there was no answer; null if there was.</param>
/// <param name="CreatedAt">When it was prepared.</param>
public sealed record WebhookDeliveryView(
    long Id, string WebhookId, string Type, string State, int Attempts, DateTimeOffset? NextAttemptAt, int? LastStatus, string? LastError, DateTimeOffset CreatedAt);
