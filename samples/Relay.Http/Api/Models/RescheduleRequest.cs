namespace Relay.Http;

/// <summary>The body of <c>POST /v1/messages/{id}/reschedule</c>.</summary>
public sealed record RescheduleRequest
{
    /// <summary>The new time (RFC 3339).</summary>
    public DateTimeOffset? ScheduledAt { get; init; }
}
