using System.Globalization;
using System.Net;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>The hosts of a destination, or why there are none.</summary>
public sealed class Resolution
{
    private Resolution(ResolutionStatus status, string site, IReadOnlyList<MailHost> hosts, EnhancedStatus code, string text)
    {
        Status = status;
        Site = site;
        Hosts = hosts;
        Code = code;
        Text = text;
    }

    /// <summary>What came of it.</summary>
    public ResolutionStatus Status { get; }

    /// <summary>
    /// The sorted set of the MX hosts' names: all domains hosted at one provider have the same, and share its limits. Empty where nothing was found.
    /// </summary>
    public string Site { get; }

    /// <summary>By preference; equal ones in no order that means anything. Empty where nothing was found.</summary>
    public IReadOnlyList<MailHost> Hosts { get; }

    /// <summary>Why nothing was found (RFC 3463); none if something was.</summary>
    public EnhancedStatus Code { get; }

    /// <summary>The same for people; empty if something was found.</summary>
    public string Text { get; }

    /// <summary>Whether the domain's policy demands TLS with a valid certificate (RFC 8461).</summary>
    internal bool DemandsTls { get; private init; }

    /// <summary>How long this holds. Set by the resolver; zero for as long as the caller likes.</summary>
    internal TimeSpan Lifetime { get; init; }

    /// <summary>Hosts to try.</summary>
    internal static Resolution Found(IReadOnlyList<MailHost> hosts, string site, TimeSpan lifetime) =>
        new(ResolutionStatus.Found, site, hosts, EnhancedStatus.None, string.Empty) { Lifetime = lifetime };

    /// <summary>One host that is configured, or an address literal.</summary>
    internal static Resolution Fixed(string name, int port, IReadOnlyList<IPAddress> addresses, TimeSpan lifetime) =>
        addresses.Count == 0
            ? Transient(new EnhancedStatus(4, 4, 3), $"{name} has no address", lifetime)
            : Found([new MailHost(name, port, 0, addresses)], string.Create(CultureInfo.InvariantCulture, $"{name}:{port}"), lifetime);

    internal static Resolution Transient(EnhancedStatus code, string text, TimeSpan lifetime) =>
        new(ResolutionStatus.Transient, string.Empty, [], code, text) { Lifetime = lifetime };

    internal static Resolution Permanent(EnhancedStatus code, string text, TimeSpan lifetime) =>
        new(ResolutionStatus.Permanent, string.Empty, [], code, text) { Lifetime = lifetime };

    /// <summary>What is left of this under a policy that is enforced: the hosts that it names, and only with TLS.</summary>
    internal Resolution Under(MtaStsPolicy policy, TimeSpan longest)
    {
        TimeSpan lifetime = Lifetime < longest ? Lifetime : longest;
        MailHost[] hosts = [.. Hosts.Where(h => policy.Names(h.Name))];
        return hosts.Length == 0
            ? Transient(new EnhancedStatus(4, 7, 5), "The domain's MTA-STS policy names none of its mail exchangers", lifetime)
            : new Resolution(ResolutionStatus.Found, Site + " sts", hosts, EnhancedStatus.None, string.Empty) { Lifetime = lifetime, DemandsTls = true };
    }

    /// <summary>The hosts in the order in which to try them: by preference, equal ones shuffled anew at each call (RFC 5321 §5.1).</summary>
    public IReadOnlyList<MailHost> Shuffle(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (Hosts.Count < 2)
        {
            return Hosts;
        }

        MailHost[] order = [.. Hosts];
        int start = 0;
        for (int i = 1; i <= order.Length; i++)
        {
            if (i == order.Length || order[i].Preference != order[start].Preference)
            {
                random.Shuffle(order.AsSpan(start, i - start));
                start = i;
            }
        }

        return order;
    }
}
