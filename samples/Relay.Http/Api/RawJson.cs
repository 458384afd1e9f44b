using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>An answer that is JSON already; a problem, if its status says so.</summary>
internal sealed class RawJson(int status, byte[] body) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = status >= StatusCodes.Status400BadRequest ? "application/problem+json" : "application/json";
        response.ContentLength = body.Length;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "10";
        }

        return response.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
    }
}
