using System.Net;

namespace Relay.Delivery;

/// <summary>A host that takes mail for a destination.</summary>
/// <param name="Name">Its name, in lower case without the final dot; of an address literal or a route to an address, the address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Preference">Lower is tried first (RFC 5321 §5.1).</param>
/// <param name="Addresses">Its addresses; at least one.</param>
public sealed record MailHost(string Name, int Port, int Preference, IReadOnlyList<IPAddress> Addresses);
