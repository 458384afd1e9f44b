namespace Relay.Http;

/// <summary>A captured mail, opened.</summary>
/// <param name="Summary">What lists show.</param>
/// <param name="Text">The plain text; null for none.</param>
/// <param name="HasHtml">Whether it has HTML.</param>
/// <param name="IsHtmlTooLong">Whether its HTML is more than the page shows.</param>
/// <param name="Headers">All header fields, decoded.</param>
/// <param name="Attachments">Its attachments.</param>
public sealed record CapturedMailContent(
    CapturedMail Summary, string? Text, bool HasHtml, bool IsHtmlTooLong, IReadOnlyList<(string Name, string Value)> Headers, IReadOnlyList<CapturedAttachment> Attachments);
