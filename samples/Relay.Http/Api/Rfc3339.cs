using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Relay.Http;

/// <summary>Times as RFC 3339 writes them. An offset is demanded: without one a time would be that of the relay's own zone, which nobody who asks knows.</summary>
internal sealed partial class Rfc3339 : JsonConverter<DateTimeOffset>
{
    internal const string Expected = "A time is written as RFC 3339 does, such as 2026-11-24T12:00:00Z.";

    /// <summary>Reads a time.</summary>
    /// <param name="text">The time.</param>
    /// <param name="mayBeDate">Whether a date alone will do: its first moment in UTC.</param>
    /// <param name="time">The time.</param>
    /// <returns>Whether it is one.</returns>
    internal static bool TryParse(string text, bool mayBeDate, out DateTimeOffset time)
    {
        time = default;
        return (DateAndTime().IsMatch(text) || (mayBeDate && Date().IsMatch(text)))
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, mayBeDate: false, out DateTimeOffset time) ? time : throw new JsonException(Expected);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    // date-time = full-date "T" full-time (section 5.6)
    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.CultureInvariant)]
    private static partial Regex DateAndTime();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Date();
}
