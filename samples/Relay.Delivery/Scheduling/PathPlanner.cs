namespace Relay.Delivery;

/// <summary>Chooses the way of a destination's mail, by the settings of the moment.</summary>
internal sealed class PathPlanner
{
    private readonly Func<DeliverySettings> _settings;
    private readonly TimeProvider _time;
    private readonly MtaStsCache _policies;
    private volatile Sources _sources;

    internal PathPlanner(Func<DeliverySettings> settings, TimeProvider time, DeliveryStore store)
    {
        _settings = settings;
        _time = time;
        _policies = new MtaStsCache(settings().FetchPolicy ?? new MtaStsFetcher().FetchAsync, time, store);
        _sources = new Sources(settings(), _policies, time);
    }

    /// <summary>Finds the way.</summary>
    /// <param name="destination">A domain in A-labels and lower case, or an address literal.</param>
    /// <param name="requireTls">Whether the message itself demands TLS (RFC 8689).</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The way; without hosts where there is none.</returns>
    internal ValueTask<MailPath> PlanAsync(string destination, bool requireTls, CancellationToken cancellationToken)
    {
        DeliverySettings settings = _settings();
        Sources sources = _sources;
        if (!ReferenceEquals(sources.Settings, settings))
        {
            // Other name servers, routes or ports: nothing that was found before holds.
            _sources = sources = new Sources(settings, _policies, _time);
        }

        RouteSettings? route = RouteOf(settings, destination);
        ValueTask<Resolution> resolving = route is null
            ? sources.Exchangers.GetAsync(destination, cancellationToken)
            : sources.Hosts.GetAsync(route.ToString(), cancellationToken);
        return resolving.IsCompletedSuccessfully
            ? new(Make(settings, destination, requireTls, route, resolving.Result))
            : AwaitAsync(resolving);

        async ValueTask<MailPath> AwaitAsync(ValueTask<Resolution> pending) =>
            Make(settings, destination, requireTls, route, await pending.ConfigureAwait(false));
    }

    private static MailPath Make(DeliverySettings settings, string destination, bool requireTls, RouteSettings? route, Resolution resolution)
    {
        ShapingSettings shaping = ShapingOf(settings, destination, resolution);
        TlsDemand tls = requireTls || shaping.RequireTls || resolution.DemandsTls ? TlsDemand.Verified : route is null ? TlsDemand.Opportunistic : TlsDemand.Configured;
        return new MailPath(tls == TlsDemand.Verified ? resolution.Site + " tls" : resolution.Site, resolution, route, tls, shaping);
    }

    /// <summary>The domain's own route, or that of the nearest parent that is written with a dot in front.</summary>
    private static RouteSettings? RouteOf(DeliverySettings settings, string destination)
    {
        if (settings.Routes.Count == 0)
        {
            return settings.NextHop;
        }

        if (settings.Routes.TryGetValue(destination, out RouteSettings? route))
        {
            return route;
        }

        for (int dot = destination.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = destination.IndexOf('.', dot + 1))
        {
            if (settings.Routes.TryGetValue(destination[dot..], out route))
            {
                return route;
            }
        }

        return settings.NextHop;
    }

    /// <summary>The domain's own, or that of a parent of one of its exchangers, so that one entry stands for all domains at a provider.</summary>
    private static ShapingSettings ShapingOf(DeliverySettings settings, string destination, Resolution resolution)
    {
        if (settings.Domains.Count == 0)
        {
            return settings.Shaping;
        }

        if (settings.Domains.TryGetValue(destination, out ShapingSettings? shaping))
        {
            return shaping;
        }

        foreach (MailHost host in resolution.Hosts)
        {
            for (string name = host.Name; ; name = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..])
            {
                if (settings.Domains.TryGetValue(name, out shaping))
                {
                    return shaping;
                }

                if (!name.Contains('.', StringComparison.Ordinal))
                {
                    break;
                }
            }
        }

        return settings.Shaping;
    }

    /// <summary>What is known by one set of settings.</summary>
    private sealed class Sources
    {
        internal Sources(DeliverySettings settings, MtaStsCache policies, TimeProvider time)
        {
            Settings = settings;
            var resolver = new DestinationResolver(settings.Dns, (name, addresses, port) =>
                name.Equals(settings.HostName, StringComparison.OrdinalIgnoreCase)
                || settings.OwnEndPoints.Any(own => own.Port == port && addresses.Contains(own.Address)));
            Exchangers = new DestinationCache(
                async (domain, cancellationToken) =>
                {
                    Resolution found = await resolver.ResolveAsync(domain, settings.Port, cancellationToken).ConfigureAwait(false);
                    if (found.Status != ResolutionStatus.Found || !settings.MtaSts || domain.StartsWith('['))
                    {
                        return found;
                    }

                    MtaStsPolicy? policy = await policies.FindAsync(domain, resolver.Dns, cancellationToken).ConfigureAwait(false);
                    return policy?.Mode == MtaStsMode.Enforce ? found.Under(policy, LongestUnderPolicy) : found;
                },
                time);
            Hosts = new DestinationCache(
                (host, cancellationToken) =>
                {
                    int colon = host.LastIndexOf(':');
                    return DestinationResolver.ResolveHostAsync(
                        host[..colon].Trim('[', ']'), int.Parse(host.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
                },
                time);
        }

        // A policy that changes is seen within this time, whatever the exchangers' TTL.
        private static readonly TimeSpan LongestUnderPolicy = TimeSpan.FromMinutes(5);

        internal DeliverySettings Settings { get; }

        internal DestinationCache Exchangers { get; }

        internal DestinationCache Hosts { get; }
    }
}
