namespace Relay.Http;

/// <summary>One event for one webhook.</summary>
/// <param name="Id">Its id.</param>
/// <param name="WebhookId">The webhook.</param>
/// <param name="Name">The <c>webhook-id</c> header: by it a receiver knows what it has seen before.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Payload">The body.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAt">When it is due.</param>
/// <param name="LastStatus">The last answer's status; null if there was none.</param>
/// <param name="LastError">Why there was none; null if there was.</param>
/// <param name="CreatedAt">When it was prepared.</param>
/// <param name="FinishedAt">When it was done; null before.</param>
internal sealed record WebhookDelivery(
    long Id,
    string WebhookId,
    string Name,
    string Type,
    byte[] Payload,
    WebhookDeliveryState State,
    int Attempts,
    DateTimeOffset NextAt,
    int? LastStatus,
    string? LastError,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt);
