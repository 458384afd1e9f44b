using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>
/// The query parameters of an endpoint. Any other is refused by its name: passed over in silence, a filter with a slip in its name would answer with all messages.
/// </summary>
/// <param name="Names">Their names; <c>metadata[KEY]</c> stands for any key.</param>
internal sealed record QueryParameters(params IReadOnlyList<string> Names)
{
    /// <summary>The filter by a metadata value, whose name holds the key.</summary>
    internal const string Metadata = "metadata[KEY]";

    private const string MetadataStart = "metadata[";

    private static readonly QueryParameters None = new();

    /// <summary>Whether each may be given more than once.</summary>
    internal bool AreRepeatable { get; init; }

    /// <summary>Checks a request's query against what its endpoint takes.</summary>
    /// <returns>What is wrong; null if nothing is.</returns>
    internal static Problem? Check(HttpContext context)
    {
        QueryParameters taken = context.GetEndpoint()?.Metadata.GetMetadata<QueryParameters>() ?? None;
        List<FieldError>? errors = null;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Query)
        {
            if (!taken.Takes(name))
            {
                Add(name, taken.Names.Count == 0 ? "This route takes no query parameters." : $"This route does not take it; it takes {string.Join(", ", taken.Names)}.");
            }
            else if (values.Count > 1 && !taken.AreRepeatable)
            {
                Add(name, "It is given more than once.");
            }
        }

        return errors is null ? null : Problem.InvalidQuery(errors);

        void Add(string name, string message) => (errors ??= []).Add(new FieldError(MessageLabels.Printable(name), message));
    }

    /// <summary>The key of a <c>metadata[KEY]</c>; null for another parameter.</summary>
    internal static string? MetadataKey(string name) =>
        name.StartsWith(MetadataStart, StringComparison.Ordinal) && name.EndsWith(']') ? name[MetadataStart.Length..^1] : null;

    private bool Takes(string name) => Names.Contains(MetadataKey(name) is null ? name : Metadata, StringComparer.OrdinalIgnoreCase);
}

/// <summary>Marks endpoints.</summary>
internal static class QueryParametersExtensions
{
    /// <summary>The endpoint takes these query parameters; without it, it takes none.</summary>
    internal static TBuilder Takes<TBuilder>(this TBuilder builder, params string[] names)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new QueryParameters(names));
}
