using DnsClient.Protocol;

namespace Relay.Delivery;

/// <summary>An answer of a name server.</summary>
/// <param name="Outcome">What kind it is.</param>
/// <param name="Records">All records of the answer section; empty unless answered.</param>
/// <param name="Problem">Why it failed, for people; empty if it did not.</param>
internal sealed record DnsAnswer(DnsOutcome Outcome, IReadOnlyList<DnsResourceRecord> Records, string Problem);
