namespace Relay.Http;

/// <summary>An attachment of a captured mail.</summary>
/// <param name="Index">Its place among the message's parts.</param>
/// <param name="Name">Its name, or one made of its place.</param>
/// <param name="MediaType">Its media type.</param>
public sealed record CapturedAttachment(int Index, string Name, string MediaType);
