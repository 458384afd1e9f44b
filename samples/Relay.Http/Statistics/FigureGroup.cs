namespace Relay.Http;

/// <summary>What one row of an answer is about.</summary>
/// <param name="Name">The tag or domain; null where nothing is grouped by.</param>
/// <param name="Start">The first second of the interval, Unix; null for the whole time.</param>
internal readonly record struct FigureGroup(string? Name, long? Start);
