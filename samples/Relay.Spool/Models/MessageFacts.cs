using Smtp.Core;

namespace Relay.Spool;

/// <summary>What is known of a message besides its recipients and content. Nothing of it changes once it is stored, but the time of one that is rescheduled.</summary>
public record MessageFacts
{
    /// <summary>The reverse-path; empty for the null path.</summary>
    public required string ReversePath { get; init; }

    /// <summary>MAIL's BODY; <see cref="BodyType.SevenBit"/>, the default, is also what a client says that says nothing.</summary>
    public BodyType Body { get; init; }

    /// <summary>MAIL's SMTPUTF8 (RFC 6531).</summary>
    public bool SmtpUtf8 { get; init; }

    /// <summary>MAIL's REQUIRETLS (RFC 8689).</summary>
    public bool RequireTls { get; init; }

    /// <summary>MAIL's RET (RFC 3461 §4.3).</summary>
    public DsnReturn Return { get; init; }

    /// <summary>MAIL's ENVID in xtext (RFC 3461 §4.4); empty if not given.</summary>
    public string EnvelopeId { get; init; } = string.Empty;

    /// <summary>The stream: messages of one stream share a queue for each destination. <c>transactional</c> by default; <c>bulk</c> goes behind it.</summary>
    public string Stream { get; init; } = TransactionalStream;

    /// <summary>Which goes first.</summary>
    public MessagePriority Priority { get; init; } = MessagePriority.Normal;

    /// <summary>Tags, for figures and filters.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The submitter's own fields.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = System.Collections.Frozen.FrozenDictionary<string, string>.Empty;

    /// <summary>The submitter's own name for the message; null if not given.</summary>
    public string? CustomId { get; init; }

    /// <summary>Which user or key submitted it; null if nobody proved who they are.</summary>
    public string? Credential { get; init; }

    /// <summary>The domain of the From field, or else of the reverse-path; lower-case.</summary>
    public string SenderDomain { get; init; } = string.Empty;

    /// <summary>The From field, short, for lists.</summary>
    public string From { get; init; } = string.Empty;

    /// <summary>The Subject field, decoded and short, for lists.</summary>
    public string Subject { get; init; } = string.Empty;

    /// <summary>How it came in.</summary>
    public MessageSource Source { get; init; }

    /// <summary>Whether it runs through everything and is never sent.</summary>
    public bool IsTest { get; init; }

    /// <summary>Whether opens are counted.</summary>
    public bool TrackOpens { get; init; }

    /// <summary>Whether clicks are counted.</summary>
    public bool TrackClicks { get; init; }

    /// <summary>When its sender wants it sent; null for at once.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>The trace that it was taken in (W3C <c>traceparent</c>), which its attempts go on with; null if nobody traced. The spool sets it.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The stream of mail that somebody waits for.</summary>
    public const string TransactionalStream = "transactional";

    /// <summary>The stream of mailings.</summary>
    public const string BulkStream = "bulk";
}
