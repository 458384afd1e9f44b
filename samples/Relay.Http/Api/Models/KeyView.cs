namespace Relay.Http;

/// <summary>A key.</summary>
/// <param name="Id">Its public part; the user name of SMTP submissions.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Scopes">send, read, manage.</param>
/// <param name="SenderDomains">The domains that it may send from; empty for all.</param>
/// <param name="PerSecond">Its requests a second; null for the default.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When it was last used; null if never.</param>
/// <param name="RevokedAt">When it was taken back; null if it is good.</param>
/// <param name="Key">The key itself: shown once, when it is made.</param>
public sealed record KeyView(
    string Id,
    string Name,
    IReadOnlyList<string> Scopes,
    IReadOnlyList<string> SenderDomains,
    int? PerSecond,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt,
    string? Key);
