namespace Relay.Spool;

/// <summary>One thing that happened to one recipient. Appended in the transaction that made it so, and never changed.</summary>
public sealed record SpoolEvent
{
    /// <summary>Grows with each event, in the order of commits.</summary>
    public required long Id { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The message.</summary>
    public required MessageId MessageId { get; init; }

    /// <summary>The recipient's place in the envelope.</summary>
    public required int RecipientIndex { get; init; }

    /// <summary>The recipient's mailbox; empty if its row is gone.</summary>
    public required string ForwardPath { get; init; }

    /// <summary>The recipient's domain.</summary>
    public required string Destination { get; init; }

    /// <summary>What happened.</summary>
    public required SpoolEventType Type { get; init; }

    /// <summary>Of a refusal, what it is about.</summary>
    public BounceClass BounceClass { get; init; }

    /// <summary>Of a refusal, the reason as one word, such as <c>recipient</c>, <c>mailbox-full</c>, <c>policy</c>, <c>dns</c>; empty if there is none.</summary>
    public string Reason { get; init; } = string.Empty;

    /// <summary>What was said.</summary>
    public RecipientReply Reply { get; init; } = RecipientReply.None;

    /// <summary>Which attempt it was, from 1; 0 if it was none.</summary>
    public int Attempt { get; init; }

    /// <summary>From accepting the message to this event; of the end of an attempt, from when the message was due, if its sender scheduled it for later.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>The message's facts: tags, metadata and so on; null if its row is gone.</summary>
    public MessageFacts? Message { get; init; }
}
