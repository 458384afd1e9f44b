using System.Net;
using Smtp.Client;

namespace Relay.Delivery;

/// <summary>How mail leaves. Read at each attempt, so that what is changed holds for what is queued already.</summary>
public sealed record DeliverySettings
{
    /// <summary>The relay's own name: in EHLO, notifications and Message-IDs.</summary>
    public required string HostName { get; init; }

    /// <summary>The host for all mail without a route of its own; null, the default, for the recipients' mail exchangers.</summary>
    public RouteSettings? NextHop { get; init; }

    /// <summary>Hosts for the mail of domains, by domain in lower case.</summary>
    public IReadOnlyDictionary<string, RouteSettings> Routes { get; init; } = new Dictionary<string, RouteSettings>();

    /// <summary>The port of mail exchangers; 25 by default.</summary>
    public int Port { get; init; } = 25;

    /// <summary>Where this relay takes mail itself: an exchanger that is one of these is a loop.</summary>
    public IReadOnlyList<IPEndPoint> OwnEndPoints { get; init; } = [];

    /// <summary>Which name servers are asked.</summary>
    public DnsSettings Dns { get; init; } = new();

    /// <summary>When it is tried again.</summary>
    public RetrySchedule Retry { get; init; } = new();

    /// <summary>What a site gets that <see cref="Domains"/> does not name.</summary>
    public ShapingSettings Shaping { get; init; } = new();

    /// <summary>What a site gets that takes mail for a domain, by domain in lower case.</summary>
    public IReadOnlyDictionary<string, ShapingSettings> Domains { get; init; } = new Dictionary<string, ShapingSettings>();

    /// <summary>How many connections there are at most, whatever their site; 500 by default.</summary>
    public int MaximumConnections { get; init; } = 500;

    /// <summary>How many leases are in memory at most; 2000 by default.</summary>
    public int MaximumInFlight { get; init; } = 2000;

    /// <summary>How many <c>Received:</c> fields a message may have; with more it goes round in a circle (RFC 5321 §6.3). 50 by default.</summary>
    public int MaximumHops { get; init; } = 50;

    /// <summary>How often the relay itself may fail on a message before it is held for an operator; 5 by default.</summary>
    public int MaximumCrashes { get; init; } = 5;

    /// <summary>How long a stop waits for what is being sent; 30 s by default.</summary>
    public TimeSpan GraceTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long each stage of a session may take.</summary>
    public SmtpClientTimeouts Timeouts { get; init; } = new();

    /// <summary>Whether a permanent refusal of an address adds it to the suppression list; yes by default.</summary>
    public bool Suppress { get; init; } = true;

    /// <summary>Return paths that name message and recipient; null, the default, for those of the senders.</summary>
    public VerpSettings? Verp { get; init; }

    /// <summary>The keys that sign.</summary>
    public IReadOnlyList<DkimSettings> Dkim { get; init; } = [];

    /// <summary>Whether MTA-STS policies (RFC 8461) of domains are fetched and kept to; yes by default.</summary>
    public bool MtaSts { get; init; } = true;

    /// <summary>Gets the text of a domain's policy; null, the default, by HTTPS from its policy host.</summary>
    internal Func<string, CancellationToken, Task<string?>>? FetchPolicy { get; init; }

    /// <summary>A PEM file of certificates to trust besides the system's, where TLS is demanded of exchangers; null, the default, for none.</summary>
    public string? CaPath { get; init; }

    /// <summary>The file of rules from replies to actions; null, the default, for none.</summary>
    public string? RulesPath { get; init; }

    /// <summary>Which messages leave from which addresses; by default from the one that the system chooses.</summary>
    public PoolSettings Pools { get; init; } = new();

    /// <summary>The database of what delivery remembers over a restart; null, the default, for memory alone. Read once, at the start.</summary>
    public string? StorePath { get; init; }
}
