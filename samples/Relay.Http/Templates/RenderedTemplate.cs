namespace Relay.Http;

/// <summary>What a template makes of variables.</summary>
/// <param name="Subject">The subject.</param>
/// <param name="Text">The plain text; null for none.</param>
/// <param name="Html">The HTML; null for none.</param>
public sealed record RenderedTemplate(string Subject, string? Text, string? Html);
