using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Relay.Http;

/// <summary>The files in <c>assets</c>, which are part of the assembly.</summary>
internal static class PageAssets
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, (byte[] Content, string Type, EntityTagHeaderValue Tag)> Files = Load();

    internal static void Map(IEndpointRouteBuilder app) => app.MapGet("/assets/{name}", (Delegate)Get).ExcludeFromDescription();

    private static IResult Get(string name, HttpContext context)
    {
        if (!Files.TryGetValue(name, out (byte[] Content, string Type, EntityTagHeaderValue Tag) file))
        {
            return Results.NotFound();
        }

        // Asked for anew each time, and mostly answered with 304: no page ever runs with the script of another version.
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Bytes(file.Content, file.Type, entityTag: file.Tag);
    }

    private static FrozenDictionary<string, (byte[], string, EntityTagHeaderValue)> Load()
    {
        var files = new Dictionary<string, (byte[], string, EntityTagHeaderValue)>(StringComparer.Ordinal);
        foreach (string name in typeof(PageAssets).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = typeof(PageAssets).Assembly.GetManifestResourceStream(name)!;
            using var content = new MemoryStream();
            stream.CopyTo(content);
            string type = Path.GetExtension(name) switch
            {
                ".css" => "text/css; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                ".svg" => "image/svg+xml",
                _ => "text/plain; charset=utf-8",
            };
            files[name[Prefix.Length..]] = (content.ToArray(), type, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content.ToArray()))[..32]}\""));
        }

        return files.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
