namespace Relay.Http;

/// <summary>A page of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Data">What is on the page.</param>
/// <param name="NextCursor">The <c>cursor</c> of the next page; null on the last one.</param>
public sealed record PageView<T>(IReadOnlyList<T> Data, string? NextCursor = null);
