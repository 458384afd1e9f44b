namespace Relay.Http;

/// <summary>The body of <c>POST /v1/messages/batch</c>.</summary>
public sealed record BatchRequest
{
    /// <summary>Up to 500 messages. Each one is taken or refused for itself.</summary>
    public IReadOnlyList<MessageRequest>? Messages { get; init; }
}
