using System.Text.Json.Serialization;

namespace Relay.Http;

/// <summary>The API's JSON, without reflection: names in snake case, nulls left out, a field that is not known refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(MessageRequest))]
internal sealed partial class HttpJson : JsonSerializerContext;
