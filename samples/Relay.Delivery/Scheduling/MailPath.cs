namespace Relay.Delivery;

/// <summary>The way that a message goes: to which hosts, how, and what they bear.</summary>
/// <param name="Key">Messages of the same key share connections and limits.</param>
/// <param name="Resolution">The hosts.</param>
/// <param name="Route">The configured host; null for mail exchangers.</param>
/// <param name="Tls">What is demanded of TLS.</param>
/// <param name="Shaping">How much goes at a time.</param>
internal sealed record MailPath(string Key, Resolution Resolution, RouteSettings? Route, TlsDemand Tls, ShapingSettings Shaping);
