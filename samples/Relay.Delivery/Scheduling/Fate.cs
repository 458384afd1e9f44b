using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>What an attempt meant for one recipient.</summary>
/// <param name="State">Where the recipient is to stand: delivered, bounced, expired, suppressed, held, or queued for another attempt.</param>
/// <param name="Reply">What was said.</param>
/// <param name="Failure">What it means, of a failure.</param>
internal readonly record struct Fate(RecipientState State, RecipientReply Reply, Classification Failure)
{
    /// <summary>False if nothing was tried: no attempt is counted.</summary>
    internal bool WasAttempted { get; init; } = true;

    /// <summary>Whether the host may have taken the message: the connection broke between the end of data and its reply (RFC 1047).</summary>
    internal bool IsUncertain { get; init; }

    /// <summary>Whether the host that took it will tell nobody what becomes of it, as it does not know DSN (RFC 3461 §5.2.2).</summary>
    internal bool LeavesDsn { get; init; }

    /// <summary>How long the relay wants to wait at least; zero for as long as the schedule says.</summary>
    internal TimeSpan NotBefore { get; init; }

    /// <summary>When it is tried again; null for when the schedule says.</summary>
    internal TimeSpan? Delay { get; init; }

    /// <summary>Which command failed.</summary>
    internal SmtpStage Stage { get; init; }

    /// <summary>A host took it.</summary>
    internal static Fate Delivered(RecipientReply reply, bool leavesDsn) => new(RecipientState.Delivered, reply, default) { LeavesDsn = leavesDsn };

    /// <summary>A failure: bounced if it is permanent, else queued.</summary>
    internal static Fate Failed(Classification failure, RecipientReply reply) =>
        new(failure.IsPermanent ? RecipientState.Bounced : RecipientState.Queued, reply, failure);

    /// <summary>The message is broken in the store, and never to be sent: no attempt of its own.</summary>
    internal static Fate Quarantined(string why) =>
        new(RecipientState.Quarantined, Replies.Own(new EnhancedStatus(5, 3, 0), why), new Classification(true, BounceReason.System, new EnhancedStatus(5, 3, 0), false, false))
        {
            WasAttempted = false,
        };

    /// <summary>Back into the queue as if nothing had been.</summary>
    internal static Fate Untried(RecipientReply last, TimeSpan notBefore = default) =>
        new(RecipientState.Queued, last, default) { WasAttempted = false, NotBefore = notBefore };
}
