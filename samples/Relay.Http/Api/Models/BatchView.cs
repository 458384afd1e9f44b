namespace Relay.Http;

/// <summary>What became of a batch.</summary>
/// <param name="Accepted">How many messages were taken.</param>
/// <param name="Refused">How many were not.</param>
/// <param name="Results">A result for each, in their order.</param>
public sealed record BatchView(int Accepted, int Refused, IReadOnlyList<BatchItemView> Results);
