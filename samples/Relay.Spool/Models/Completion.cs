namespace Relay.Spool;

/// <summary>The end of a lease.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="Outcomes">An outcome for each of its recipients; those without go back as they were.</param>
public sealed record Completion(Lease Lease, IReadOnlyList<RecipientOutcome> Outcomes)
{
    /// <summary>Messages to enqueue in the same transaction, such as delivery status notifications: either both happen or none.</summary>
    public IReadOnlyList<NewMessage> Notifications { get; init; } = [];

    /// <summary>Addresses to suppress in the same transaction.</summary>
    public IReadOnlyList<Suppression> Suppressions { get; init; } = [];
}
