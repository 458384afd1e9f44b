namespace Relay.Delivery;

/// <summary>The way that a message goes: to which hosts, how, from where, and what they bear.</summary>
/// <param name="Key">Messages of the same key share connections and limits.</param>
/// <param name="Resolution">The hosts.</param>
/// <param name="Route">The configured host; null for mail exchangers.</param>
/// <param name="Tls">What is demanded of TLS.</param>
/// <param name="Shaping">How much goes at a time.</param>
internal sealed record MailPath(string Key, Resolution Resolution, RouteSettings? Route, TlsDemand Tls, ShapingSettings Shaping)
{
    /// <summary>The address that it leaves from; null for the one that the system chooses.</summary>
    internal SourceSettings? Source { get; private init; }

    /// <summary>The site, from whatever address and with whatever TLS.</summary>
    internal string Site => Resolution.Site;

    /// <summary>The same way from an address: what one address may do, another may not yet, so that each has limits of its own.</summary>
    internal MailPath From(SourceSettings source) => this with { Source = source, Key = $"{Key} from {source.Name}" };
}
