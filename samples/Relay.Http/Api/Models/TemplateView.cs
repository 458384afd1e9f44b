namespace Relay.Http;

/// <summary>One version of a template.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Subject">The subject in Liquid.</param>
/// <param name="Text">The text in Liquid; null for none.</param>
/// <param name="Html">The HTML in Liquid; null for none.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record TemplateView(string Name, int Version, string Subject, string? Text, string? Html, DateTimeOffset CreatedAt);
