namespace Relay.Http;

/// <summary>The body of a webhook's request, in the form of Standard Webhooks.</summary>
/// <param name="Type"><c>message.</c> and the event's type.</param>
/// <param name="Timestamp">When it happened.</param>
/// <param name="Data">The event.</param>
public sealed record WebhookPayload(string Type, DateTimeOffset Timestamp, EventView Data);
