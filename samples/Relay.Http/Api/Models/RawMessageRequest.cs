namespace Relay.Http;

/// <summary>The body of <c>POST /v1/messages/raw</c>: a whole MIME message.</summary>
public sealed record RawMessageRequest
{
    /// <summary>The reverse-path; the address of the From field by default.</summary>
    public string? From { get; init; }

    /// <summary>The recipients; the addresses of To, Cc and Bcc by default. A Bcc field is taken off in any case.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>The message as text. Line endings are made CRLF.</summary>
    public string? Content { get; init; }

    /// <summary>The message in Base64, for what is no text. Lines end with CRLF.</summary>
    public string? ContentBase64 { get; init; }

    /// <summary>See <see cref="MessageRequest.Tags"/>; besides those of the header.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>See <see cref="MessageRequest.Metadata"/>; besides that of the header.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>See <see cref="MessageRequest.CustomId"/>.</summary>
    public string? CustomId { get; init; }

    /// <summary>See <see cref="MessageRequest.ScheduledAt"/>.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>See <see cref="MessageRequest.Test"/>.</summary>
    public bool Test { get; init; }
}
