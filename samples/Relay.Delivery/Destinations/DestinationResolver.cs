using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// Finds the hosts that take mail for a domain, as RFC 5321 §5.1 says: MX records by preference; the domain's own address where there are none; nobody
/// where a null MX says so (RFC 7505). Says nothing of an answer that did not come: that is a reason to try again later, never to bounce.
/// </summary>
internal sealed class DestinationResolver
{
    private static readonly EnhancedStatus BadDomain = new(5, 1, 2);
    private static readonly EnhancedStatus BadSyntax = new(5, 1, 3);
    private static readonly EnhancedStatus NullMx = new(5, 1, 10);
    private static readonly EnhancedStatus NoRoute = new(5, 4, 4);
    private static readonly EnhancedStatus Loop = new(5, 4, 6);
    private static readonly EnhancedStatus DirectoryFailed = new(4, 4, 3);

    // How long a failure keeps the next message from asking the same again.
    private static readonly TimeSpan FailureLifetime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NegativeLifetime = TimeSpan.FromMinutes(1);

    private readonly DnsLookup _dns;
    private readonly DnsSettings _settings;
    private readonly Func<string, IReadOnlyList<IPAddress>, int, bool> _isSelf;

    /// <summary>Makes a resolver.</summary>
    /// <param name="settings">Which name servers, and limits.</param>
    /// <param name="isSelf">Whether a host (name, addresses, port) is this relay.</param>
    internal DestinationResolver(DnsSettings settings, Func<string, IReadOnlyList<IPAddress>, int, bool> isSelf)
    {
        _settings = settings;
        _isSelf = isSelf;
        _dns = new DnsLookup(settings);
    }

    /// <summary>The lookup that is used, for other records.</summary>
    internal DnsLookup Dns => _dns;

    /// <summary>Finds the hosts of a domain: (1) an address literal, (2) MX, (3) the domain itself, (4) the hosts' addresses, (5) without this relay.</summary>
    /// <param name="domain">A domain in A-labels and lower case, or an address literal.</param>
    /// <param name="port">The hosts' port.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task<Resolution> ResolveAsync(string domain, int port, CancellationToken cancellationToken)
    {
        // (1)
        if (domain.StartsWith('['))
        {
            return Literal(domain, port);
        }

        // (2)
        DnsAnswer mx = await _dns.AskAsync(domain, QueryType.MX, cancellationToken).ConfigureAwait(false);
        switch (mx.Outcome)
        {
            case DnsOutcome.NoSuchName:
                return Resolution.Permanent(BadDomain, $"The domain {domain} does not exist", NegativeLifetime);
            case DnsOutcome.Failed:
                return Resolution.Transient(DirectoryFailed, $"The name servers do not tell the mail exchangers: {mx.Problem}", FailureLifetime);
        }

        var exchangers = mx.Records.OfType<MxRecord>()
            .Select(r => (Name: r.Exchange.Value.TrimEnd('.').ToLowerInvariant(), Preference: (int)r.Preference))
            .DistinctBy(e => e.Name)
            .OrderBy(e => e.Preference)
            .ToList();

        // RFC 7505 §3: the null MX stands alone. Beside others it is a mistake, and is passed over.
        if (exchangers is [{ Name.Length: 0 }])
        {
            return Resolution.Permanent(NullMx, $"The domain {domain} takes no mail (null MX)", Lifetime(mx.Records));
        }

        exchangers.RemoveAll(e => e.Name.Length == 0);
        var hosts = new List<MailHost>();
        if (exchangers.Count == 0)
        {
            // (3) RFC 5321 §5.1: an implicit MX of preference 0, only if there is no MX at all.
            return await ImplicitAsync(domain, port, mx, cancellationToken).ConfigureAwait(false);
        }

        // (4)
        string? problem = null;
        var records = new List<DnsResourceRecord>(mx.Records);
        string site = string.Join(',', exchangers.Select(e => e.Name).Order(StringComparer.Ordinal).Take(_settings.MaximumHosts));
        int own = int.MaxValue;
        foreach ((string name, int preference) in exchangers)
        {
            if (hosts.Count == _settings.MaximumHosts || preference >= own)
            {
                break;
            }

            (IReadOnlyList<IPAddress> addresses, string? failure) = await AddressesAsync(name, records, cancellationToken).ConfigureAwait(false);
            problem ??= failure;
            if (_isSelf(name, addresses, port))
            {
                own = preference;
            }
            else if (addresses.Count > 0)
            {
                hosts.Add(new MailHost(name, port, preference, addresses));
            }
        }

        // (5) RFC 5321 §5.1: of the hosts as far away as this relay or farther, none may be tried, or mail goes round in a circle.
        hosts.RemoveAll(h => h.Preference >= own);
        if (hosts.Count > 0)
        {
            return Resolution.Found(hosts, site, Lifetime(records));
        }

        if (own != int.MaxValue)
        {
            return Resolution.Permanent(Loop, $"Mail for {domain} loops back to this relay", NegativeLifetime);
        }

        return problem is not null
            ? Resolution.Transient(DirectoryFailed, $"The name servers do not tell the addresses of the mail exchangers: {problem}", FailureLifetime)
            : Resolution.Permanent(NoRoute, $"No mail exchanger of {domain} has an address", NegativeLifetime);
    }

    /// <summary>Finds the addresses of a configured host.</summary>
    /// <param name="host">A name or an IP address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal static async Task<Resolution> ResolveHostAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return Resolution.Fixed(host, port, [address], TimeSpan.Zero);
        }

        try
        {
            // The system's way, hosts file and all: what an administrator configures is a name as any other program takes it.
            IPAddress[] addresses = await System.Net.Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
            return Resolution.Fixed(host, port, Alternate(addresses), TimeSpan.FromMinutes(1));
        }
        catch (SocketException error)
        {
            // A configured host that has no address is a mistake of the configuration: mail waits until it is mended.
            return Resolution.Transient(DirectoryFailed, $"The next hop {host} has no address: {error.Message}", FailureLifetime);
        }
    }

    private static Resolution Literal(string domain, int port)
    {
        string content = domain.TrimStart('[').TrimEnd(']');
        if (content.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase))
        {
            content = content["IPv6:".Length..];
        }

        return IPAddress.TryParse(content, out IPAddress? address)
            ? Resolution.Fixed(address.ToString(), port, [address], TimeSpan.Zero)
            : Resolution.Permanent(BadSyntax, $"{domain} is no address that mail can be sent to", TimeSpan.Zero);
    }

    private async Task<Resolution> ImplicitAsync(string domain, int port, DnsAnswer mx, CancellationToken cancellationToken)
    {
        var records = new List<DnsResourceRecord>(mx.Records);
        (IReadOnlyList<IPAddress> addresses, string? problem) = await AddressesAsync(domain, records, cancellationToken).ConfigureAwait(false);
        if (_isSelf(domain, addresses, port))
        {
            return Resolution.Permanent(Loop, $"Mail for {domain} loops back to this relay", NegativeLifetime);
        }

        if (addresses.Count > 0)
        {
            return Resolution.Found([new MailHost(domain, port, 0, addresses)], domain, Lifetime(records));
        }

        return problem is not null
            ? Resolution.Transient(DirectoryFailed, $"The name servers do not tell the domain's address: {problem}", FailureLifetime)
            : Resolution.Permanent(NoRoute, $"The domain {domain} has neither mail exchanger nor address", NegativeLifetime);
    }

    /// <summary>Both families, asked at the same time. A failure of one is told only where the other has nothing.</summary>
    private async Task<(IReadOnlyList<IPAddress> Addresses, string? Problem)> AddressesAsync(
        string name, List<DnsResourceRecord> records, CancellationToken cancellationToken)
    {
        Task<DnsAnswer> asking6 = _dns.AskAsync(name, QueryType.AAAA, cancellationToken);
        DnsAnswer four = await _dns.AskAsync(name, QueryType.A, cancellationToken).ConfigureAwait(false);
        DnsAnswer six = await asking6.ConfigureAwait(false);
        records.AddRange(four.Records);
        records.AddRange(six.Records);
        List<IPAddress> addresses = Alternate(
            [.. six.Records.OfType<AaaaRecord>().Select(r => r.Address), .. four.Records.OfType<ARecord>().Select(r => r.Address)]);
        string? problem = addresses.Count > 0 ? null
            : four.Outcome == DnsOutcome.Failed ? four.Problem
            : six.Outcome == DnsOutcome.Failed ? six.Problem
            : null;
        return (addresses, problem);
    }

    /// <summary>IPv6 and IPv4 by turns (RFC 8305 §4), so that one family that leads nowhere costs one connection's time and not all.</summary>
    private static List<IPAddress> Alternate(IPAddress[] addresses)
    {
        var six = new Queue<IPAddress>(addresses.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6));
        var four = new Queue<IPAddress>(addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork));
        var all = new List<IPAddress>(addresses.Length);
        while (six.Count + four.Count > 0)
        {
            if (six.TryDequeue(out IPAddress? next))
            {
                all.Add(next);
            }

            if (four.TryDequeue(out next))
            {
                all.Add(next);
            }
        }

        return all;
    }

    private TimeSpan Lifetime(IReadOnlyList<DnsResourceRecord> records)
    {
        TimeSpan lifetime = records.Count == 0 ? NegativeLifetime : TimeSpan.FromSeconds(records.Min(r => r.InitialTimeToLive));
        return lifetime < _settings.ShortestLifetime ? _settings.ShortestLifetime
            : lifetime > _settings.LongestLifetime ? _settings.LongestLifetime
            : lifetime;
    }
}
