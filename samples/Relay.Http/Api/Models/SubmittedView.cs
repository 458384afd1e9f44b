namespace Relay.Http;

/// <summary>A message that was taken: it is on disk.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status"><c>accepted</c>, or <c>scheduled</c>.</param>
public sealed record SubmittedView(string Id, string Status);
