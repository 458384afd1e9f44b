namespace Relay.Http;

/// <summary>Where a webhook's delivery stands. Stored as its number.</summary>
internal enum WebhookDeliveryState
{
    /// <summary>To be tried, for the first time or again.</summary>
    Pending = 0,

    /// <summary>Answered with 2xx.</summary>
    Delivered = 1,

    /// <summary>Given up.</summary>
    Failed = 2,
}
