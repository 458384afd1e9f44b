using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Fluid.Values;

namespace Relay.Http;

/// <summary>A JSON object as Liquid sees it. Remembers what was asked of it and is not there.</summary>
/// <param name="json">The object.</param>
/// <param name="path">Its name from the top, with a dot behind it; empty for the top itself.</param>
/// <param name="missing">Takes the names of what is not there.</param>
internal sealed class TemplateVariables(JsonElement json, string path, SortedSet<string> missing) : IFluidIndexable
{
    // Liquid asks every value for these; where they are not members, they are about the object itself.
    private static readonly string[] OfLiquid = ["size", "first", "last"];

    public int Count => json.GetPropertyCount();

    public IEnumerable<string> Keys => json.EnumerateObject().Select(property => property.Name);

    public bool TryGetValue(string name, [NotNullWhen(true)] out FluidValue? value)
    {
        if (json.TryGetProperty(name, out JsonElement member))
        {
            value = Value(member, $"{path}{name}.", missing);
            return true;
        }

        if (!OfLiquid.Contains(name, StringComparer.Ordinal))
        {
            missing.Add(path + name);
        }

        value = null;
        return false;
    }

    /// <summary>A JSON value as Liquid sees it.</summary>
    internal static FluidValue Value(JsonElement json, string path, SortedSet<string> missing) => json.ValueKind switch
    {
        JsonValueKind.Object => new DictionaryValue(new TemplateVariables(json, path, missing)),
        JsonValueKind.Array => new ArrayValue([.. json.EnumerateArray().Select(element => Value(element, path, missing))]),
        JsonValueKind.String => StringValue.Create(json.GetString()!),
        JsonValueKind.Number => NumberValue.Create(json.TryGetDecimal(out decimal number) ? number : (decimal)Math.Clamp(json.GetDouble(), -1e27, 1e27)),
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        _ => NilValue.Instance,
    };
}
