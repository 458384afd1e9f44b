namespace Relay.Http;

/// <summary>A key, without its secret.</summary>
/// <param name="Id">Its public part, such as <c>rk_k3v9x2m4q7t1</c>.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="SenderDomains">The domains that it may send from, lower case; empty for all.</param>
/// <param name="PerSecond">Its requests a second; null for the default.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When it was last used, to the minute; null if never.</param>
/// <param name="RevokedAt">When it was taken back; null if it is good.</param>
internal sealed record ApiKey(
    string Id,
    string Name,
    KeyScopes Scopes,
    IReadOnlyList<string> SenderDomains,
    int? PerSecond,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt)
{
    /// <summary>Whether it may do something.</summary>
    internal bool Has(KeyScopes scope) => RevokedAt is null && ((Scopes & scope) != 0 || (Scopes & KeyScopes.Manage) != 0);

    /// <summary>Whether it may send from a domain, or from one below an entry that starts with a dot.</summary>
    internal bool MaySendFrom(string domain)
    {
        if (SenderDomains.Count == 0)
        {
            return true;
        }

        foreach (string allowed in SenderDomains)
        {
            if (domain.Equals(allowed, StringComparison.OrdinalIgnoreCase)
                || (allowed.StartsWith('.') && domain.EndsWith(allowed, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }
}
