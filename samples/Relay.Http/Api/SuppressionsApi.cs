using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Addresses that get no mail.</summary>
internal sealed class SuppressionsApi(ISpool spool, TimeProvider time)
{
    private const int MaximumBulk = 10_000;
    private const int LongestDetail = 200;

    private static readonly string[] Reasons = ["bounce", "complaint", "unsubscribe", "manual"];

    internal void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder suppressions = api.MapGroup("/suppressions").WithTags("Suppressions");
        suppressions.MapGet("/", (Delegate)ListAsync).Demands(KeyScopes.Read, isOfAllSenders: true).Produces<PageView<SuppressionView>>()
            .Takes("limit", "cursor")
            .WithName("ListSuppressions").WithSummary("List suppressed addresses").WithDescription("By address; pages: limit, cursor.");
        suppressions.MapGet("/{address}", (Delegate)FindAsync).Demands(KeyScopes.Read, isOfAllSenders: true).Produces<SuppressionView>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("GetSuppression").WithSummary("Whether an address is suppressed, and why");
        suppressions.MapPost("/", (Delegate)AddAsync).Demands(KeyScopes.Manage).Accepts<SuppressionRequest>("application/json")
            .Produces<SuppressionView>(StatusCodes.Status201Created)
            .WithName("AddSuppression").WithSummary("Suppress an address");
        suppressions.MapPost("/bulk", (Delegate)AddBulkAsync).Demands(KeyScopes.Manage).Accepts<BulkSuppressionRequest>("application/json").Produces<ChangedView>()
            .WithName("AddSuppressions").WithSummary("Suppress many addresses").WithDescription("All are taken, or none.");
        suppressions.MapDelete("/{address}", (Delegate)RemoveAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("RemoveSuppression").WithSummary("Take an address off the list");
    }

    internal static SuppressionView View(Suppression suppression) => new(
        suppression.Address,
        suppression.Reason,
        suppression.Detail.Length == 0 ? null : suppression.Detail,
        suppression.At,
        suppression.MessageId?.ToString());

    /// <summary>Reads a request; null if something is wrong.</summary>
    internal Suppression? Read(SuppressionRequest? request, string field, List<FieldError> errors)
    {
        string prefix = field.Length == 0 ? string.Empty : field + ".";
        ReadAddress? address = request?.Address is null ? null : AddressReader.Read(new RequestedAddress(request.Address), prefix + "address", errors);
        if (request?.Address is null)
        {
            errors.Add(new FieldError(prefix + "address", "An address is missing."));
        }

        if (request?.Reason is { } reason && !Reasons.Contains(reason, StringComparer.Ordinal))
        {
            errors.Add(new FieldError(prefix + "reason", $"A reason is {string.Join(", ", Reasons)}."));
        }

        if (request?.Detail is { } detail && (detail.Length > LongestDetail || detail.Any(char.IsControl)))
        {
            errors.Add(new FieldError(prefix + "detail", $"A note has at most {LongestDetail} characters, on one line."));
        }

        return address is null ? null : new Suppression(address.Path.ToString(), request!.Reason ?? "manual", request.Detail ?? string.Empty, time.GetUtcNow());
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var errors = new List<FieldError>();
        int limit = MessageQueries.Limit(context.Request.Query, errors);
        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        string cursor = context.Request.Query["cursor"].ToString();
        IReadOnlyList<Suppression> page = await spool.Suppressions.ListAsync(cursor.Length == 0 ? null : cursor, limit, context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(
            new PageView<SuppressionView>([.. page.Select(View)], page.Count == limit ? page[^1].Address : null), HttpJson.Default.PageViewSuppressionView);
    }

    private async Task<IResult> FindAsync(string address, HttpContext context) =>
        await spool.Suppressions.FindAsync(address, context.RequestAborted).ConfigureAwait(false) is { } found
            ? ApiContext.Answer(View(found), HttpJson.Default.SuppressionView)
            : NotListed();

    private async Task<IResult> AddAsync(HttpContext context)
    {
        (SuppressionRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.SuppressionRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        var errors = new List<FieldError>();
        Suppression? suppression = Read(request, string.Empty, errors);
        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        await spool.Suppressions.AddAsync([suppression!], context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(View(suppression!), HttpJson.Default.SuppressionView, StatusCodes.Status201Created);
    }

    private async Task<IResult> AddBulkAsync(HttpContext context)
    {
        (BulkSuppressionRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.BulkSuppressionRequest).ConfigureAwait(false);
        if (request?.Suppressions is not { Count: >= 1 and <= MaximumBulk } given)
        {
            return problem ?? Problem.Invalid("suppressions", $"Give 1 to {MaximumBulk} addresses.");
        }

        var errors = new List<FieldError>();
        List<Suppression?> all = [.. given.Select((one, i) => Read(one, $"suppressions[{i}]", errors))];
        if (errors.Count > 0)
        {
            return Problem.Invalid([.. errors.Take(100)]);
        }

        await spool.Suppressions.AddAsync([.. all.Select(one => one!)], context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(new ChangedView(all.Count), HttpJson.Default.ChangedView);
    }

    private async Task<IResult> RemoveAsync(string address, HttpContext context) =>
        await spool.Suppressions.RemoveAsync(address, context.RequestAborted).ConfigureAwait(false) ? Results.NoContent() : NotListed();

    private static Problem NotListed() => Problem.NotFound("The address is not suppressed.");
}
