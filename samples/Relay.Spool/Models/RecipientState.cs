namespace Relay.Spool;

/// <summary>Where a recipient stands. Stored as its number, so that numbers never change.</summary>
public enum RecipientState
{
    /// <summary>Waits for a time that its sender gave.</summary>
    Scheduled = 0,

    /// <summary>Waits for its next attempt. Deferred, if there were attempts.</summary>
    Queued = 1,

    /// <summary>Somebody holds a lease and may be sending now. Shown as queued.</summary>
    Leased = 2,

    /// <summary>Waits for an operator.</summary>
    Held = 3,

    /// <summary>The next hop took it. Final, as all below.</summary>
    Delivered = 4,

    /// <summary>Refused for good.</summary>
    Bounced = 5,

    /// <summary>Not delivered in time.</summary>
    Expired = 6,

    /// <summary>Taken back by its sender or an operator.</summary>
    Canceled = 7,

    /// <summary>Not tried, as the address is on the suppression list.</summary>
    Suppressed = 8,

    /// <summary>Its row or content could not be read. Its sender was told where it is known; what is left of the content is in the quarantine folder.</summary>
    Quarantined = 9,
}
