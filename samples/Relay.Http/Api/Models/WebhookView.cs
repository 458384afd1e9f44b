namespace Relay.Http;

/// <summary>A webhook.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where events are posted.</param>
/// <param name="Types">The event types that it wants; empty for all.</param>
/// <param name="Enabled">Whether it is told.</param>
/// <param name="WhyDisabled">Why the service switched it off; null otherwise.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Secret">The signing secret: shown once, when it is made.</param>
public sealed record WebhookView(string Id, string Url, IReadOnlyList<string> Types, bool Enabled, string? WhyDisabled, DateTimeOffset CreatedAt, string? Secret);
