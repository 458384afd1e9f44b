namespace Relay.Spool;

/// <summary>A message to take.</summary>
public sealed record NewMessage
{
    /// <summary>Its id; see <see cref="ISpool.NewId"/>.</summary>
    public required MessageId Id { get; init; }

    /// <summary>Envelope and all that is known of it.</summary>
    public required MessageFacts Facts { get; init; }

    /// <summary>The recipients, at least one, in the order of their indexes.</summary>
    public required IReadOnlyList<NewRecipient> Recipients { get; init; }

    /// <summary>Header and body as they are to be sent, the relay's own <c>Received:</c> field included.</summary>
    public required NewContent Content { get; init; }
}
