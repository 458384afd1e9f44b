namespace Relay.Http;

/// <summary>A new version of a template.</summary>
public sealed record TemplateRequest
{
    /// <summary>The name: 1 to 64 letters, digits, <c>-</c>, <c>_</c>, <c>.</c>.</summary>
    public string? Name { get; init; }

    /// <summary>The subject in Liquid.</summary>
    public string? Subject { get; init; }

    /// <summary>The text in Liquid.</summary>
    public string? Text { get; init; }

    /// <summary>The HTML in Liquid.</summary>
    public string? Html { get; init; }
}
