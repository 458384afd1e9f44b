namespace Relay.Delivery;

/// <summary>What a rule orders for a site, each for a time.</summary>
/// <param name="Factor">The part of its connections and pace that the site gets, above 0 and below 1; null for all.</param>
/// <param name="FactorTime">For how long.</param>
/// <param name="PerSecond">The most messages a second that it gets; null for no other pace.</param>
/// <param name="PerSecondTime">For how long.</param>
/// <param name="Connections">The most connections that it gets; null for no other number.</param>
/// <param name="ConnectionsTime">For how long.</param>
internal sealed record RuleOrder(
    double? Factor, TimeSpan FactorTime, double? PerSecond, TimeSpan PerSecondTime, int? Connections, TimeSpan ConnectionsTime);
