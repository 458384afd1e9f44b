namespace Relay.Http;

/// <summary>What a change did.</summary>
/// <param name="Changed">How many recipients it concerned.</param>
public sealed record ChangedView(long Changed);
