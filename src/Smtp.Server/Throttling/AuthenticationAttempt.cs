namespace Smtp.Server;

/// <summary>The buckets that an AUTH exchange took a token from.</summary>
/// <remarks>An object of its own: as a value in its connection it would be 100 octets in each one that never says AUTH.</remarks>
/// <param name="Address">The address's; null if none.</param>
/// <param name="Account">The account's; null if none.</param>
/// <param name="Both">The key of both together; null if one lacks.</param>
internal sealed record AuthenticationAttempt(UInt128? Address, UInt128? Account, UInt128? Both);
