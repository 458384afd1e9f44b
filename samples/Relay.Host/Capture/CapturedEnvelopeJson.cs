using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Host;

/// <summary>Writes the envelope as JSON without reflection.</summary>
[JsonSerializable(typeof(CapturedEnvelope))]
internal sealed partial class CapturedEnvelopeJson : JsonSerializerContext
{
    /// <summary>For a file that people read: indented, and an address in its own letters. No browser ever takes it for HTML.</summary>
    internal static CapturedEnvelopeJson Legible { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
