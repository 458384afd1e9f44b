namespace Smtp.Server;

/// <summary>The buckets that an AUTH exchange took a token from.</summary>
/// <param name="Address">The address's; null if none.</param>
/// <param name="Account">The account's; null if none.</param>
/// <param name="Both">The key of both together; null if one lacks.</param>
internal readonly record struct AuthenticationAttempt(UInt128? Address, UInt128? Account, UInt128? Both);
