namespace Relay.Http;

/// <summary>One version of a template: Liquid texts.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version; the first is 1.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Text">The plain text; null for none.</param>
/// <param name="Html">The HTML; null for none. What variables put into it is encoded for HTML.</param>
/// <param name="CreatedAt">When this version was made.</param>
internal sealed record MailTemplate(string Name, int Version, string Subject, string? Text, string? Html, DateTimeOffset CreatedAt);
