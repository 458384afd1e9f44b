using System.Text.Json;

namespace Relay.Http;

/// <summary>A template to look at, filled in.</summary>
public sealed record PreviewRequest
{
    /// <summary>The version; the newest by default.</summary>
    public int? Version { get; init; }

    /// <summary>The variables.</summary>
    public JsonElement? Variables { get; init; }

    /// <summary>See <see cref="RequestedTemplate.AllowMissing"/>.</summary>
    public bool AllowMissing { get; init; }
}
