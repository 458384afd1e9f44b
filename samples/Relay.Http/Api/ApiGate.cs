using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>Lets a request through to an endpoint only with a key that has the endpoint's scope, and within the key's rate.</summary>
internal sealed class ApiGate(KeyStore keys, KeyRates rates)
{
    /// <summary>The scope that an endpoint demands.</summary>
    internal sealed record Demand(KeyScopes Scope);

    internal async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Demand>() is not { } demand)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        Problem? problem = null;
        if (await KeyAsync(context).ConfigureAwait(false) is not { } key)
        {
            problem = Problem.Unauthorized();
        }
        else if (!key.Has(demand.Scope))
        {
            problem = Problem.Forbidden($"This needs the scope {KeyStore.Names(demand.Scope)[0]}.");
        }
        else if (rates.Take(key) is { } after)
        {
            problem = Problem.TooManyRequests(after);
        }
        else
        {
            context.SetKey(key);
        }

        await (problem is null ? next(context) : problem.ExecuteAsync(context)).ConfigureAwait(false);
    }

    private async ValueTask<ApiKey?> KeyAsync(HttpContext context)
    {
        const string Scheme = "Bearer ";
        string? header = context.Request.Headers.Authorization;
        return header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? await keys.VerifyAsync(header[Scheme.Length..].Trim(), context.RequestAborted).ConfigureAwait(false)
            : null;
    }
}

/// <summary>Marks endpoints.</summary>
internal static class ApiGateExtensions
{
    /// <summary>The endpoint needs a key with a scope.</summary>
    internal static TBuilder Demands<TBuilder>(this TBuilder builder, KeyScopes scope)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ApiGate.Demand(scope));
}
