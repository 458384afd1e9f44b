namespace Relay.Delivery;

/// <summary>How much a site gets at a time. A site is a set of MX hosts, however many domains they take mail for.</summary>
public sealed record ShapingSettings
{
    /// <summary>With how many connections a site begins; 5 by default, as in Postfix. More come as deliveries succeed, fewer as they fail.</summary>
    public int InitialConnections { get; init; } = 5;

    /// <summary>How many connections a site gets at most; 20 by default, as in Postfix.</summary>
    public int MaximumConnections { get; init; } = 20;

    /// <summary>How many messages go over one connection; 100 by default.</summary>
    public int MessagesPerConnection { get; init; } = 100;

    /// <summary>How long a connection without work is kept; 5 s by default.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many messages a second a site gets; null, the default, for no limit.</summary>
    public double? MessagesPerSecond { get; init; }

    /// <summary>How many may go at once before the pace holds; 1 by default.</summary>
    public int Burst { get; init; } = 1;

    /// <summary>How long a site that cannot be reached is left alone at first; a minute by default. Doubles with each failure.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long at most; 30 minutes by default.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Whether the site must have TLS with a valid certificate; no by default: TLS is used where it is offered.</summary>
    public bool RequireTls { get; init; }
}
