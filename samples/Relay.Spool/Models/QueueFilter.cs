namespace Relay.Spool;

/// <summary>Which recipients are meant; all conditions that are set must hold. With none set, all.</summary>
public sealed record QueueFilter
{
    /// <summary>One message.</summary>
    public MessageId? MessageId { get; init; }

    /// <summary>One recipient of it.</summary>
    public int? RecipientIndex { get; init; }

    /// <summary>States; <see cref="RecipientState.Queued"/> stands for leased ones too. Null for all.</summary>
    public IReadOnlyList<RecipientState>? States { get; init; }

    /// <summary>Only those that were tried and failed for now, or only those that were not.</summary>
    public bool? IsDeferred { get; init; }

    /// <summary>The destination.</summary>
    public string? Destination { get; init; }

    /// <summary>The recipient's mailbox, without regard to case.</summary>
    public string? ForwardPath { get; init; }

    /// <summary>The reverse-path, without regard to case.</summary>
    public string? ReversePath { get; init; }

    /// <summary>The sender domain.</summary>
    public string? SenderDomain { get; init; }

    /// <summary>The stream.</summary>
    public string? Stream { get; init; }

    /// <summary>A tag.</summary>
    public string? Tag { get; init; }

    /// <summary>A metadata field and its value.</summary>
    public KeyValuePair<string, string>? Metadata { get; init; }

    /// <summary>The submitter's own name for the message.</summary>
    public string? CustomId { get; init; }

    /// <summary>A part of subject, From field, reverse-path or recipient.</summary>
    public string? Text { get; init; }

    /// <summary>Accepted at or after.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Accepted before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>What still waits: scheduled, queued and held.</summary>
    public static IReadOnlyList<RecipientState> Waiting { get; } = [RecipientState.Scheduled, RecipientState.Queued, RecipientState.Held];
}
