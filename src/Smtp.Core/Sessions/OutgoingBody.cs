namespace Smtp.Core;

/// <summary>What a session needs to know of the content that it does not see.</summary>
/// <param name="Type">What the content is.</param>
/// <param name="Size">Its size in octets with CRLF line ends, as RFC 1870 counts it; -1 if unknown.</param>
/// <param name="ChunkLength">
/// The octets that one BDAT would carry, if the content can go that way as it is: a text's lines end with CRLF, the last one too. -1 if it
/// cannot or must not; binary content is then cut into chunks by the caller.
/// </param>
/// <param name="HasUtf8Header">Whether its header has UTF-8 (RFC 6532), so that it needs SMTPUTF8 whatever the paths are (RFC 6531 §3.2).</param>
public readonly record struct OutgoingBody(BodyType Type, long Size = -1, long ChunkLength = -1, bool HasUtf8Header = false);
