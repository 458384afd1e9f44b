namespace Relay.Http;

/// <summary>Somebody who is told of events.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where events are posted.</param>
/// <param name="Secret">The signing secret.</param>
/// <param name="Types">The event types that it wants; empty for all.</param>
/// <param name="IsEnabled">Whether it is told.</param>
/// <param name="WhyDisabled">Why it is not, if the service switched it off; null otherwise.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Cursor">The last event for which a delivery was prepared, or that it did not want.</param>
internal sealed record Webhook(
    string Id, Uri Url, byte[] Secret, IReadOnlyList<string> Types, bool IsEnabled, string? WhyDisabled, DateTimeOffset CreatedAt, long Cursor)
{
    internal bool Wants(string type) => Types.Count == 0 || Types.Contains(type, StringComparer.Ordinal);
}
