using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Relay.Http;

/// <summary>Keys of the API and of SMTP submission.</summary>
internal sealed class KeysApi(KeyStore keys)
{
    private const int LongestName = 64;
    private const int MaximumDomains = 100;
    private const int HighestRate = 100_000;

    internal void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/keys").WithTags("Keys");
        group.MapGet("/", (Delegate)List).Demands(KeyScopes.Manage).Produces<PageView<KeyView>>()
            .WithName("ListKeys").WithSummary("List keys");
        group.MapPost("/", (Delegate)AddAsync).Demands(KeyScopes.Manage).Accepts<KeyRequest>("application/json").Produces<KeyView>(StatusCodes.Status201Created)
            .WithName("AddKey").WithSummary("Make a key").WithDescription("The key is shown in this answer, and never again. It is a credential of SMTP submission too: user name the id, password the key.");
        group.MapPost("/{id}/rotate", (Delegate)RotateAsync).Demands(KeyScopes.Manage).Produces<KeyView>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("RotateKey").WithSummary("Replace a key").WithDescription("Makes a key of the same name, scopes, domains and rate, shown once, and takes the old one back at once.");
        group.MapDelete("/{id}", (Delegate)RevokeAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("RevokeKey").WithSummary("Take a key back at once");
    }

    internal static KeyView View(ApiKey key, string? text = null) => new(
        key.Id, key.Name, KeyStore.Names(key.Scopes), key.SenderDomains, key.PerSecond, key.CreatedAt, key.LastUsedAt, key.RevokedAt, text);

    /// <summary>Makes a key of a request; null if something is wrong.</summary>
    internal async Task<(ApiKey Key, string Text)?> MakeAsync(KeyRequest request, List<FieldError> errors, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Length > LongestName || request.Name.Any(char.IsControl))
        {
            errors.Add(new FieldError("name", $"A name has 1 to {LongestName} characters."));
        }

        KeyScopes scopes = KeyScopes.None;
        for (int i = 0; i < request.Scopes?.Count; i++)
        {
            switch (request.Scopes[i])
            {
                case "send":
                    scopes |= KeyScopes.Send;
                    break;
                case "read":
                    scopes |= KeyScopes.Read;
                    break;
                case "manage":
                    scopes |= KeyScopes.Manage;
                    break;
                default:
                    errors.Add(new FieldError($"scopes[{i}]", "A scope is send, read or manage."));
                    break;
            }
        }

        if (scopes == KeyScopes.None && errors.Count == 0)
        {
            errors.Add(new FieldError("scopes", "A key needs at least one of send, read and manage."));
        }

        List<string> domains = [];
        for (int i = 0; i < request.SenderDomains?.Count; i++)
        {
            string? given = request.SenderDomains[i];
            string? domain = given is null ? null : AddressReader.Domain(given.AsSpan().TrimStart('.'));
            if (domain is null || !Smtp.Core.PathSyntax.IsDomain(System.Text.Encoding.UTF8.GetBytes(domain), Smtp.Core.PathOptions.None))
            {
                errors.Add(new FieldError($"sender_domains[{i}]", "This is not a domain such as example.com, or .example.com for all below it."));
            }
            else
            {
                domains.Add(given!.StartsWith('.') ? "." + domain : domain);
            }
        }

        if (domains.Count > MaximumDomains)
        {
            errors.Add(new FieldError("sender_domains", $"A key has at most {MaximumDomains} domains."));
        }

        if (scopes.HasFlag(KeyScopes.Manage) && domains.Count > 0)
        {
            errors.Add(new FieldError("sender_domains", "A key that manages the service is not bound to domains."));
        }

        if (request.PerSecond is < 1 or > HighestRate)
        {
            errors.Add(new FieldError("per_second", $"A rate is from 1 to {HighestRate}."));
        }

        return errors.Count > 0 ? null : await keys.CreateAsync(request.Name!.Trim(), scopes, domains, request.PerSecond, cancellationToken).ConfigureAwait(false);
    }

    private IResult List() => ApiContext.Answer(new PageView<KeyView>([.. keys.All().Select(key => View(key))]), HttpJson.Default.PageViewKeyView);

    private async Task<IResult> AddAsync(HttpContext context)
    {
        (KeyRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.KeyRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        var errors = new List<FieldError>();
        return await MakeAsync(request, errors, context.RequestAborted).ConfigureAwait(false) is { } made
            ? ApiContext.Answer(View(made.Key, made.Text), HttpJson.Default.KeyView, StatusCodes.Status201Created)
            : Problem.Invalid(errors);
    }

    private async Task<IResult> RotateAsync(string id, HttpContext context) =>
        id == KeyStore.BootstrapId ? Problem.Conflict("This key is in the configuration: change it there.")
        : await keys.RotateAsync(id, context.RequestAborted).ConfigureAwait(false) is { } made ? ApiContext.Answer(View(made.Key, made.Text), HttpJson.Default.KeyView, StatusCodes.Status201Created)
        : Problem.NotFound("There is no such key, or it was taken back.");

    private async Task<IResult> RevokeAsync(string id, HttpContext context) =>
        id == KeyStore.BootstrapId ? Problem.Conflict("This key is in the configuration: take it out there.")
        : await keys.RevokeAsync(id, context.RequestAborted).ConfigureAwait(false) ? Results.NoContent()
        : Problem.NotFound("There is no such key, or it was taken back.");
}
