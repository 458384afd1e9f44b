using System.Text.Json.Serialization;

namespace Relay.Spool;

/// <summary>Writes and reads <see cref="LabelsJson"/> without reflection.</summary>
[JsonSerializable(typeof(LabelsJson))]
internal sealed partial class LabelsJsonContext : JsonSerializerContext;
