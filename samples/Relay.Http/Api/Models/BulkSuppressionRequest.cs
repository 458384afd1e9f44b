namespace Relay.Http;

/// <summary>Addresses to suppress at once.</summary>
public sealed record BulkSuppressionRequest
{
    /// <summary>Up to 10,000 addresses. All are taken, or none.</summary>
    public IReadOnlyList<SuppressionRequest>? Suppressions { get; init; }
}
