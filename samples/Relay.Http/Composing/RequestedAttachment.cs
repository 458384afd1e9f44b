namespace Relay.Http;

/// <summary>A file that goes with a message.</summary>
public sealed record RequestedAttachment
{
    /// <summary>Its name; required unless it is inline.</summary>
    public string? Filename { get; init; }

    /// <summary>Its media type; by default told by the name's extension, else <c>application/octet-stream</c>.</summary>
    public string? ContentType { get; init; }

    /// <summary>The content in Base64 (RFC 4648 §4).</summary>
    public string? Content { get; init; }

    /// <summary>Where set, an inline image that the HTML shows as <c>cid:CONTENT_ID</c>.</summary>
    public string? ContentId { get; init; }
}
