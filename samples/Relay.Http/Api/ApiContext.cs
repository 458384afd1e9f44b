using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>What endpoints share: who asks, and the body of the request.</summary>
internal static class ApiContext
{
    private static readonly object KeyItem = new();

    /// <summary>The key that the request came with; <see cref="ApiGate"/> has checked it.</summary>
    internal static ApiKey Key(this HttpContext context) => (ApiKey)context.Items[KeyItem]!;

    internal static void SetKey(this HttpContext context, ApiKey key) => context.Items[KeyItem] = key;

    /// <summary>Reads the whole body.</summary>
    internal static async ValueTask<byte[]> BodyAsync(this HttpRequest request)
    {
        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(request.HttpContext.RequestAborted).ConfigureAwait(false);
            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Reads the body as JSON.</summary>
    /// <returns>The value, or what is wrong with it.</returns>
    internal static async ValueTask<(T? Value, Problem? Problem)> JsonAsync<T>(this HttpRequest request, JsonTypeInfo<T> type)
        where T : class
    {
        byte[] body = await request.BodyAsync().ConfigureAwait(false);
        return Json(body, type);
    }

    /// <inheritdoc cref="JsonAsync"/>
    internal static (T? Value, Problem? Problem) Json<T>(byte[] body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) is { } value ? (value, null) : (null, Problem.Invalid(string.Empty, "The body is a JSON object."));
        }
        catch (JsonException error)
        {
            return (null, Problem.OfJson(error));
        }
    }

    /// <summary>An answer in JSON.</summary>
    internal static IResult Answer<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => Results.Json(value, type, statusCode: status);
}
