namespace Relay.Http;

/// <summary>A key to make.</summary>
public sealed record KeyRequest
{
    /// <summary>What it is for.</summary>
    public string? Name { get; init; }

    /// <summary>Of send, read and manage; at least one.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>The domains that it may send from, and whose mail it sees; all by default. With a dot in front: all below it.</summary>
    public IReadOnlyList<string>? SenderDomains { get; init; }

    /// <summary>Its requests a second, 1 to 100,000; the default of the service otherwise.</summary>
    public int? PerSecond { get; init; }
}
