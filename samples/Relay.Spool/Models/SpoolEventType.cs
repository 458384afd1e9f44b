namespace Relay.Spool;

/// <summary>What happened to a recipient. Stored as its number, so that numbers never change.</summary>
public enum SpoolEventType
{
    /// <summary>Durably taken.</summary>
    Accepted = 0,

    /// <summary>Taken for a later time, or moved to another.</summary>
    Scheduled = 1,

    /// <summary>An attempt failed, and there will be another.</summary>
    Deferred = 2,

    /// <summary>The next hop took it.</summary>
    Delivered = 3,

    /// <summary>Refused for good.</summary>
    Bounced = 4,

    /// <summary>The recipient complained.</summary>
    Complained = 5,

    /// <summary>Not tried, as the address is on the suppression list.</summary>
    Suppressed = 6,

    /// <summary>Taken back.</summary>
    Canceled = 7,

    /// <summary>Not delivered in time.</summary>
    Expired = 8,

    /// <summary>Opened, where tracking is on.</summary>
    Opened = 9,

    /// <summary>A link was followed, where tracking is on.</summary>
    Clicked = 10,

    /// <summary>Held by an operator, or as it broke the program several times.</summary>
    Held = 11,

    /// <summary>No longer held, or to be tried at once.</summary>
    Released = 12,

    /// <summary>Its row or content could not be read.</summary>
    Quarantined = 13,
}
