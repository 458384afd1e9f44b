using System.Text.Json;
using System.Text.Json.Serialization;

namespace Relay.Http;

/// <summary>Reads both forms of an address. Whether it is a valid one is for <see cref="AddressReader"/>, which can name the field.</summary>
internal sealed class RequestedAddressConverter : JsonConverter<RequestedAddress>
{
    public override RequestedAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return RequestedAddress.FromText(reader.GetString()!);
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("An address is a text such as \"Name <user@example.com>\", or an object of email and name.");
        }

        string? email = null;
        string? name = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string property = reader.GetString()!;
            reader.Read();
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
            {
                throw new JsonException("The email and name of an address are texts.");
            }

            switch (property)
            {
                case "email":
                    email = reader.GetString();
                    break;
                case "name":
                    name = reader.GetString();
                    break;
                default:
                    throw new JsonException("An address has an email and a name, and nothing else.");
            }
        }

        return new RequestedAddress(email ?? throw new JsonException("An address needs an email."), name);
    }

    public override void Write(Utf8JsonWriter writer, RequestedAddress value, JsonSerializerOptions options)
    {
        if (value.IsText)
        {
            writer.WriteStringValue(value.Email);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("email", value.Email);
        if (value.Name is not null)
        {
            writer.WriteString("name", value.Name);
        }

        writer.WriteEndObject();
    }
}
