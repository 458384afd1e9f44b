using Relay.Spool;

namespace Relay.Http;

/// <summary>What the header fields of a submission say about it, and the header without them.</summary>
/// <param name="Tags">The tags, each once, in order.</param>
/// <param name="Metadata">The metadata; where a key comes twice, its last value.</param>
/// <param name="CustomId">The submitter's own name for the message; null if it gave none.</param>
/// <param name="Header">The header as it is to be sent. The octets that were given, where there was nothing to take off.</param>
/// <param name="PassedOver">What was taken off and not understood, a sentence each, for the log.</param>
public sealed record SubmissionLabels(
    IReadOnlyList<string> Tags,
    IReadOnlyDictionary<string, string> Metadata,
    string? CustomId,
    ReadOnlyMemory<byte> Header,
    IReadOnlyList<string> PassedOver)
{
    /// <summary>How urgent it is; null if that was not said.</summary>
    public MessagePriority? Priority { get; init; }

    /// <summary>The stream; null if none was named.</summary>
    public string? Stream { get; init; }
}
