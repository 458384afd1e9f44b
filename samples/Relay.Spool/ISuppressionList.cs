namespace Relay.Spool;

/// <summary>Addresses that get no more mail. Compared without regard to case.</summary>
public interface ISuppressionList
{
    /// <summary>Whether an address is on the list.</summary>
    ValueTask<Suppression?> FindAsync(string address, CancellationToken cancellationToken = default);

    /// <summary>Adds an address, or gives it a new reason.</summary>
    ValueTask AddAsync(IReadOnlyList<Suppression> suppressions, CancellationToken cancellationToken = default);

    /// <summary>Takes an address off. False if it was not on the list.</summary>
    ValueTask<bool> RemoveAsync(string address, CancellationToken cancellationToken = default);

    /// <summary>Lists by address, a page at a time.</summary>
    /// <param name="after">The last address seen; null from the start.</param>
    /// <param name="maximum">How many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<Suppression>> ListAsync(string? after = null, int maximum = 100, CancellationToken cancellationToken = default);
}
