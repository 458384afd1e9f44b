namespace Relay.Spool;

/// <summary>A destination that an operator suspended: nothing is leased for it.</summary>
/// <param name="Destination">Its name; see <see cref="DestinationName"/>.</param>
/// <param name="Reason">Why, one line; empty if not given.</param>
/// <param name="Since">When.</param>
/// <param name="Until">When it ends by itself; null for never.</param>
public sealed record SuspendedDestination(string Destination, string Reason, DateTimeOffset Since, DateTimeOffset? Until);
