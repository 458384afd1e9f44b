using System.Net;

namespace Relay.Delivery;

/// <summary>Which name servers are asked, and how.</summary>
public sealed record DnsSettings
{
    /// <summary>The name servers; empty, the default, for the system's.</summary>
    public IReadOnlyList<IPEndPoint> Servers { get; init; } = [];

    /// <summary>How long one question waits for its answer; 5 s by default, as in resolv.conf.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a question is asked again; 1 by default.</summary>
    public int Retries { get; init; } = 1;

    /// <summary>How many MX hosts of a domain are considered, the preferred ones first; 10 by default. Nobody needs 1000, and each costs lookups.</summary>
    public int MaximumHosts { get; init; } = 10;

    /// <summary>The shortest time that an answer is kept; 5 s by default, whatever its TTL says.</summary>
    public TimeSpan ShortestLifetime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest time that an answer is kept; an hour by default.</summary>
    public TimeSpan LongestLifetime { get; init; } = TimeSpan.FromHours(1);
}
