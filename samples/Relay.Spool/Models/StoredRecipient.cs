using Smtp.Core;

namespace Relay.Spool;

/// <summary>A recipient as it is stored.</summary>
public sealed record StoredRecipient
{
    /// <summary>Its message.</summary>
    public required MessageId MessageId { get; init; }

    /// <summary>Its place in the envelope, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The mailbox.</summary>
    public required string ForwardPath { get; init; }

    /// <summary>Its domain; see <see cref="DestinationName"/>.</summary>
    public required string Destination { get; init; }

    /// <summary>RCPT's NOTIFY.</summary>
    public DsnNotify Notify { get; init; }

    /// <summary>RCPT's ORCPT; empty if not given.</summary>
    public string OriginalRecipient { get; init; } = string.Empty;

    /// <summary>Where it stands.</summary>
    public RecipientState State { get; init; }

    /// <summary>How many attempts ended; with a lease, the number of the attempt that runs is one more.</summary>
    public int Attempts { get; init; }

    /// <summary>When it is due, or was last.</summary>
    public DateTimeOffset NextAttemptAt { get; init; }

    /// <summary>When its fate was known; null before.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>What was last said of it.</summary>
    public RecipientReply LastReply { get; init; } = RecipientReply.None;

    /// <summary>An operator wants it returned: the next attempt sends nothing, and bounces it with a notification.</summary>
    public bool MustBounce { get; init; }

    /// <summary>Whether an operator wants an attempt, also where the site is left alone for its failures. One attempt ends it.</summary>
    public bool MustTry { get; init; }

    /// <summary>Whether a delay notification was sent (RFC 3461 §4.1 DELAY).</summary>
    public bool DelayNotified { get; init; }

    /// <summary>Whether there were attempts, and there will be another.</summary>
    public bool IsDeferred => State is RecipientState.Queued or RecipientState.Leased && Attempts > 0;

    /// <summary>Whether nothing more will happen to it.</summary>
    public bool IsFinal => State >= RecipientState.Delivered;
}
