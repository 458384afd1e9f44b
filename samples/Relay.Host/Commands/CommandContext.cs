using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Relay.Spool;

namespace Relay.Host;

/// <summary>What commands share: the spool, and how they answer. Lists are written as they are read, so that a million lines cost the memory of a page.</summary>
internal sealed class CommandContext(Func<SqliteSpool> open, TextWriter output)
{
    /// <summary>How many are read at a time.</summary>
    internal const int PageSize = 500;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>JSON, one object a line.</summary>
    internal Option<bool> JsonOption { get; } = new("--json") { Description = "Answers in JSON, one object a line.", Recursive = true };

    internal SqliteSpool OpenSpool() => open();

    internal void Line(string text) => output.WriteLine(Printable(text));

    /// <summary>Writes an object as JSON, or a line of text.</summary>
    internal void Write(ParseResult command, object json, Func<string> text)
    {
        if (command.GetValue(JsonOption))
        {
            output.WriteLine(JsonSerializer.Serialize(json, Json));
        }
        else
        {
            Line(text());
        }
    }

    internal static string Time(DateTimeOffset? time) => time is { } t ? $"{t.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : "-";

    /// <summary><c>1 recipient</c>, <c>2 recipients</c>.</summary>
    internal static string Count(long number, string noun) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{number} {noun}{(number == 1 ? string.Empty : "s")}");

    /// <summary>What others wrote must not steer the terminal.</summary>
    private static string Printable(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}
