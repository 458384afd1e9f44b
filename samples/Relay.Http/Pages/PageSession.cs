namespace Relay.Http;

/// <summary>Somebody who signed in to the page.</summary>
/// <param name="Id">The cookie's value: 256 random bits.</param>
/// <param name="KeyId">The key that was signed in with.</param>
/// <param name="FormToken">What each form of this session must carry, so that no other site can send one.</param>
/// <param name="ExpiresAt">When it ends.</param>
internal sealed record PageSession(string Id, string KeyId, string FormToken, DateTimeOffset ExpiresAt);
