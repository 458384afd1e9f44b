using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>Why a request was not carried out (RFC 9457), with the fields that are wrong.</summary>
/// <param name="Type">A name for the kind of problem: a relative URI.</param>
/// <param name="Title">The kind of problem; the same words whenever it is of this kind.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What is wrong this time.</param>
/// <param name="Errors">What is wrong with which field; null where no field is to blame.</param>
public sealed record Problem(string Type, string Title, int Status, string Detail, IReadOnlyList<FieldError>? Errors = null) : IResult
{
    private const string MediaType = "application/problem+json";

    /// <summary>After how long to try again; null to leave it open.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    internal static Problem Invalid(IReadOnlyList<FieldError> errors) => new(
        "/problems/invalid-request", "The request is not valid.", StatusCodes.Status422UnprocessableEntity, errors[0].Field.Length == 0 ? errors[0].Message : $"{errors[0].Field}: {errors[0].Message}", errors);

    internal static Problem Invalid(string field, string message) => Invalid([new FieldError(field, message)]);

    internal static Problem InvalidQuery(IReadOnlyList<FieldError> errors) => new(
        "/problems/invalid-query", "The query is not valid.", StatusCodes.Status400BadRequest, $"{errors[0].Field}: {errors[0].Message}", errors);

    internal static Problem NotFound(string what) => new("/problems/not-found", "There is no such thing.", StatusCodes.Status404NotFound, what);

    internal static Problem Conflict(string detail) => new("/problems/conflict", "The request does not fit what is there.", StatusCodes.Status409Conflict, detail);

    internal static Problem Unauthorized() => new(
        "/problems/unauthorized", "A key is needed.", StatusCodes.Status401Unauthorized, "Send a key that is valid as \"Authorization: Bearer KEY\".");

    internal static Problem Forbidden(string detail) => new("/problems/forbidden", "The key does not allow this.", StatusCodes.Status403Forbidden, detail);

    internal static Problem TooManyRequests(TimeSpan retryAfter) => new(
        "/problems/too-many-requests", "The key's rate is used up.", StatusCodes.Status429TooManyRequests, "Try again after the time in Retry-After.")
    { RetryAfter = retryAfter };

    internal static Problem Unavailable(string detail) => new(
        "/problems/unavailable", "The store takes nothing at the moment.", StatusCodes.Status503ServiceUnavailable, detail)
    { RetryAfter = TimeSpan.FromSeconds(10) };

    internal static Problem TooLarge(long limit) => new(
        "/problems/too-large", "The request is too large.", StatusCodes.Status413PayloadTooLarge, string.Create(CultureInfo.InvariantCulture, $"At most {limit} octets are taken."));

    /// <summary>What routing refused without a word; null for every other status.</summary>
    internal static Problem? OfStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => NotFound("There is no such route."),
        StatusCodes.Status405MethodNotAllowed => new Problem("/problems/method-not-allowed", "The route does not take this method.", status, "Allow names those that it takes."),
        StatusCodes.Status415UnsupportedMediaType => new Problem(
            "/problems/unsupported-media-type", "The body is not of a type that the route takes.", status, "Send application/json, or message/rfc822 to /v1/messages/raw, not compressed."),
        _ => null,
    };

    /// <summary>Says what of a JSON document could not be read.</summary>
    internal static Problem OfJson(JsonException error)
    {
        string field = error.Path?.TrimStart('$').TrimStart('.') ?? string.Empty;
        string message = error.Message.Contains("could not be mapped", StringComparison.Ordinal) ? "This field is not known."
            : error.Message.Contains("uplicate", StringComparison.Ordinal) ? "This field is given twice."
            : error.InnerException is null && error.Path is null ? MessageLabels.Printable(error.Message)
            : error.InnerException is InvalidOperationException { Message: { } inner } && inner.Contains("UTF-", StringComparison.Ordinal) ? "This is not valid Unicode: octets that are no UTF-8, or half of a surrogate pair."
            : error.Message.Contains("could not be converted", StringComparison.Ordinal) ? "The value has the wrong type."
            : error.InnerException is null ? MessageLabels.Printable(error.Message, 200)
            : "This is not valid JSON.";
        return new Problem(
            "/problems/invalid-json", "The request cannot be read.", StatusCodes.Status400BadRequest,
            field.Length == 0 ? message : $"{MessageLabels.Printable(field)}: {message}", [new FieldError(MessageLabels.Printable(field), message)]);
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = MediaType;
        if (RetryAfter is { } after)
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        return response.Body.WriteAsync(ToUtf8(), httpContext.RequestAborted).AsTask();
    }

    internal byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this, HttpJson.Default.Problem);
}
