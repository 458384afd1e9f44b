namespace Relay.Http;

/// <summary>Which template makes a message's subject, text and HTML.</summary>
public sealed record RequestedTemplate
{
    /// <summary>The template's name.</summary>
    public string? Name { get; init; }

    /// <summary>The version; the newest by default.</summary>
    public int? Version { get; init; }

    /// <summary>Whether variables that are not given are empty instead of an error. Default false.</summary>
    public bool AllowMissing { get; init; }
}
