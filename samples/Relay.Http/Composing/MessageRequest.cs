using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Http;

/// <summary>The body of <c>POST /v1/messages</c>.</summary>
public sealed record MessageRequest
{
    /// <summary>The author; also the reverse-path. Required.</summary>
    public RequestedAddress? From { get; init; }

    /// <summary>The recipients that all see; one address or a list.</summary>
    [JsonConverter(typeof(RequestedAddressListConverter))]
    public IReadOnlyList<RequestedAddress>? To { get; init; }

    /// <summary>The recipients of a copy.</summary>
    [JsonConverter(typeof(RequestedAddressListConverter))]
    public IReadOnlyList<RequestedAddress>? Cc { get; init; }

    /// <summary>The recipients that nobody sees: in the envelope only.</summary>
    [JsonConverter(typeof(RequestedAddressListConverter))]
    public IReadOnlyList<RequestedAddress>? Bcc { get; init; }

    /// <summary>Where answers go.</summary>
    [JsonConverter(typeof(RequestedAddressListConverter))]
    public IReadOnlyList<RequestedAddress>? ReplyTo { get; init; }

    /// <summary>The subject, up to 998 characters.</summary>
    public string? Subject { get; init; }

    /// <summary>The message as plain text.</summary>
    public string? Text { get; init; }

    /// <summary>The message as HTML.</summary>
    public string? Html { get; init; }

    /// <summary>More header fields by name.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Files and inline images.</summary>
    public IReadOnlyList<RequestedAttachment>? Attachments { get; init; }

    /// <summary>Up to 10 names under which the message is counted.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Up to 50 values of the sender's own, told in every event.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The sender's own name for the message.</summary>
    public string? CustomId { get; init; }

    /// <summary><c>high</c>, <c>normal</c> (default) or <c>low</c>.</summary>
    public string? Priority { get; init; }

    /// <summary>The stream, <c>transactional</c> by default; streams never wait for one another.</summary>
    public string? Stream { get; init; }

    /// <summary>Not to be sent before this time (RFC 3339).</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>The template in place of subject, text and HTML.</summary>
    public RequestedTemplate? Template { get; init; }

    /// <summary>The template's variables: a JSON object.</summary>
    public JsonElement? Variables { get; init; }

    /// <summary>Whether opens and clicks are told. Off by default.</summary>
    public RequestedTracking? Track { get; init; }

    /// <summary>Whether the message never leaves the host, while states, events and webhooks are as of a real one.</summary>
    public bool Test { get; init; }

    /// <summary>The same as <see cref="Test"/>.</summary>
    public bool Sandbox { get; init; }
}
