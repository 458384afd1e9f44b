namespace Relay.Spool;

/// <summary>A message as it is stored.</summary>
public sealed record StoredMessage
{
    /// <summary>Its id.</summary>
    public required MessageId Id { get; init; }

    /// <summary>When it was taken.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When it was due first: when it was taken, or the later time that its sender gave. What it ages from.</summary>
    public DateTimeOffset DueAt => Facts.ScheduledAt is { } at && at > AcceptedAt ? at : AcceptedAt;

    /// <summary>Octets of its content.</summary>
    public required long Size { get; init; }

    /// <summary>Whether the content is still there: it goes when the last recipient's fate is known.</summary>
    public required bool HasContent { get; init; }

    /// <summary>Envelope and all that is known of it.</summary>
    public required MessageFacts Facts { get; init; }

    /// <summary>Whether the content is a file beside the database.</summary>
    internal bool IsContentInFile { get; init; }
}
