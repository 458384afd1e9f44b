namespace Relay.Http;

/// <summary>Which recipients of the queue to change; all conditions that are given must hold, and one at least must be given.</summary>
public sealed record QueueChangeRequest
{
    /// <summary>One message.</summary>
    public string? MessageId { get; init; }

    /// <summary>A recipient domain.</summary>
    public string? RecipientDomain { get; init; }

    /// <summary>A recipient.</summary>
    public string? Recipient { get; init; }

    /// <summary>A sender domain.</summary>
    public string? SenderDomain { get; init; }

    /// <summary>A tag.</summary>
    public string? Tag { get; init; }

    /// <summary>A stream.</summary>
    public string? Stream { get; init; }

    /// <summary>True for all that waits.</summary>
    public bool All { get; init; }

    /// <summary>Why, one line.</summary>
    public string? Reason { get; init; }
}
