namespace Relay.Spool;

/// <summary>What became of a leased recipient.</summary>
/// <param name="Index">Its place in the envelope.</param>
/// <param name="State">
/// The state that it has now: any final one, <see cref="RecipientState.Queued"/> to be tried again at <see cref="NextAttemptAt"/>, or
/// <see cref="RecipientState.Held"/>.
/// </param>
/// <param name="Reply">What was said.</param>
public sealed record RecipientOutcome(int Index, RecipientState State, RecipientReply Reply)
{
    /// <summary>When to try again, of a recipient that goes back into the queue.</summary>
    public DateTimeOffset NextAttemptAt { get; init; }

    /// <summary>Of a refusal, what it is about.</summary>
    public BounceClass BounceClass { get; init; }

    /// <summary>The reason as one word; empty if there is none.</summary>
    public string Reason { get; init; } = string.Empty;

    /// <summary>False if nothing was tried, as the relay stops or the site is backing off: no attempt is counted, and no event is written.</summary>
    public bool WasAttempted { get; init; } = true;

    /// <summary>Whether a delay notification goes out with this outcome.</summary>
    public bool DelayNotified { get; init; }
}
