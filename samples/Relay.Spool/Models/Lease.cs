namespace Relay.Spool;

/// <summary>
/// The right to deliver: the due recipients of one message at one destination, until a time. Nobody else gets them before; afterwards anybody may, and the
/// token is worth nothing.
/// </summary>
public sealed record Lease
{
    /// <summary>The fencing token: grows with each lease, and is checked when the lease ends.</summary>
    public required long Token { get; init; }

    /// <summary>When the right ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The message.</summary>
    public required StoredMessage Message { get; init; }

    /// <summary>The domain of all recipients.</summary>
    public required string Destination { get; init; }

    /// <summary>The recipients, at least one.</summary>
    public required IReadOnlyList<StoredRecipient> Recipients { get; init; }

    /// <summary>
    /// What of the message or of these recipients makes no sense; null if all does. Then they are not to be sent, but to be ended as
    /// <see cref="RecipientState.Quarantined"/>, and their sender told as far as it is known.
    /// </summary>
    public string? Unreadable { get; init; }
}
