namespace Relay.Spool;

/// <summary>Tags and metadata in a message's row.</summary>
/// <param name="Tags">The tags.</param>
/// <param name="Metadata">The metadata.</param>
internal sealed record LabelsJson(IReadOnlyList<string> Tags, IReadOnlyDictionary<string, string> Metadata);
