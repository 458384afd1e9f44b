namespace Relay.Spool;

/// <summary>What somebody who delivers has room for.</summary>
public sealed record LeaseRequest
{
    /// <summary>How many leases at most; 50 by default, as claims in groups cost a tenth of claims one by one.</summary>
    public int Maximum { get; init; } = 50;

    /// <summary>How many recipients at most in one lease; 100 by default, which every server must take (RFC 5321 §4.5.3.1.8).</summary>
    public int MaximumRecipients { get; init; } = 100;

    /// <summary>How long the right is for: longer than an attempt can take; 15 minutes by default.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// How many leases there is room for at a destination (first argument) and stream (second); 0 passes it over at no cost. Called on the spool's writer:
    /// must be quick and must not wait. Null for no bounds. Destinations that an operator suspended are passed over anyway.
    /// </summary>
    public Func<string, string, int>? RoomFor { get; init; }
}
