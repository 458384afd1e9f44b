namespace Relay.Http;

/// <summary>A captured mail, for lists.</summary>
/// <param name="Id">The name of its files.</param>
/// <param name="ReceivedAt">When it came.</param>
/// <param name="ReversePath">The envelope's sender.</param>
/// <param name="Recipients">The envelope's recipients.</param>
/// <param name="From">The From field.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Octets">Its size.</param>
public sealed record CapturedMail(
    string Id, DateTimeOffset ReceivedAt, string ReversePath, IReadOnlyList<string> Recipients, string From, string Subject, long Octets);
