namespace Relay.Http;

/// <summary>What became of one message of a batch.</summary>
/// <param name="Index">Its place in the batch.</param>
/// <param name="Status">202 if it was taken, else the status of the problem.</param>
/// <param name="Id">Its id; null if it was not taken.</param>
/// <param name="Problem">Why it was not; null if it was.</param>
public sealed record BatchItemView(int Index, int Status, string? Id, Problem? Problem);
