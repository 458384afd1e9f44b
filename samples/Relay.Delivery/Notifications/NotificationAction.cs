namespace Relay.Delivery;

/// <summary>What a notification tells of a recipient (RFC 3464 §2.3.3).</summary>
public enum NotificationAction
{
    /// <summary>The message was not delivered and will not be.</summary>
    Failed,

    /// <summary>It was not delivered yet; the relay goes on trying.</summary>
    Delayed,

    /// <summary>It was delivered.</summary>
    Delivered,

    /// <summary>It was handed to a system that tells nothing of what becomes of it (RFC 3461 §5.2.2).</summary>
    Relayed,
}
