using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Http;

/// <summary>Reads a list of addresses; one address alone is a list of one.</summary>
internal sealed class RequestedAddressListConverter : JsonConverter<IReadOnlyList<RequestedAddress>>
{
    public override IReadOnlyList<RequestedAddress> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var one = new RequestedAddressConverter();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return [one.Read(ref reader, typeof(RequestedAddress), options)];
        }

        var list = new List<RequestedAddress>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            list.Add(one.Read(ref reader, typeof(RequestedAddress), options));
        }

        return list;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<RequestedAddress> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (RequestedAddress address in value)
        {
            new RequestedAddressConverter().Write(writer, address, options);
        }

        writer.WriteEndArray();
    }
}
