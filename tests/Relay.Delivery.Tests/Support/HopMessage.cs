namespace Relay.Delivery.Tests;

/// <summary>A message that a <see cref="Hop"/> took.</summary>
internal sealed record HopMessage(string Sender, IReadOnlyList<string> Recipients, string Body)
{
    /// <summary>Over which connection.</summary>
    internal HopSession? Session { get; init; }
}
