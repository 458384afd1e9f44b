using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>Lets a request through to an endpoint only with a key that has the endpoint's scope, and within the key's rate.</summary>
internal sealed class ApiGate(KeyStore keys, KeyRates rates)
{
    /// <summary>What an endpoint demands.</summary>
    /// <param name="Scope">The scope.</param>
    /// <param name="IsOfAllSenders">Whether it tells of the mail of all senders, and is not for keys of some sender domains.</param>
    internal sealed record Demand(KeyScopes Scope, bool IsOfAllSenders);

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
        else if (demand.IsOfAllSenders && key.SenderDomains.Count > 0)
        {
            problem = Problem.Forbidden("This tells of the mail of all senders, and the key is for some sender domains.");
        }
        else if (rates.Take(key) is { } after)
        {
            problem = Problem.TooManyRequests(after);
        }
        else
        {
            context.SetKey(key);
            problem = QueryParameters.Check(context);
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
    /// <summary>The endpoint needs a key with a scope, and one that is not bound to sender domains where it tells of all mail.</summary>
    internal static TBuilder Demands<TBuilder>(this TBuilder builder, KeyScopes scope, bool isOfAllSenders = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ApiGate.Demand(scope, isOfAllSenders));
}
