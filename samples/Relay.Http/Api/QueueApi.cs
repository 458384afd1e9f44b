using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Http;

/// <summary>What an operator does to the queue.</summary>
internal sealed class QueueApi(ISpool spool, TimeProvider time)
{
    internal void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/queue").WithTags("Queue");
        group.MapGet("/", (Delegate)FiguresAsync).Demands(KeyScopes.Read, isOfAllSenders: true).Produces<QueueView>()
            .WithName("GetQueue").WithSummary("How the queue stands");
        group.MapGet("/destinations", (Delegate)DestinationsAsync).Demands(KeyScopes.Read, isOfAllSenders: true).Produces<PageView<DestinationView>>()
            .WithName("ListDestinations").WithSummary("Destinations with mail that waits, the fullest first, and those that are suspended");
        group.MapPost("/destinations/{domain}/suspend", (Delegate)SuspendAsync).Demands(KeyScopes.Manage).Accepts<SuspendRequest>("application/json")
            .Produces(StatusCodes.Status204NoContent)
            .WithName("SuspendDestination").WithSummary("Send nothing to a destination");
        group.MapPost("/destinations/{domain}/resume", (Delegate)ResumeAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("ResumeDestination").WithSummary("End a suspension");
        Change(group, "retry", "Try again at once", _ => new QueueChange.Retry());
        Change(group, "hold", "Hold until released", reason => new QueueChange.Hold(reason));
        Change(group, "release", "End a hold", _ => new QueueChange.Release());
        Change(group, "bounce", "Return to sender with a notification", reason => new QueueChange.Bounce(reason));
        Change(group, "cancel", "Take back without a notification", reason => new QueueChange.Cancel(reason));
        group.MapPost("/purge", (Delegate)((HttpContext context) => FilteredAsync(context, (filter, _) => spool.PurgeAsync(filter, context.RequestAborted))))
            .Demands(KeyScopes.Manage).Accepts<QueueChangeRequest>("application/json").Produces<ChangedView>()
            .WithName("QueuePurge").WithSummary("Remove messages with all that is known of them")
            .WithDescription("Whatever their state, but those that are being delivered; nobody is notified.");
    }

    /// <summary>Destinations and suspensions in one list.</summary>
    internal async ValueTask<IReadOnlyList<DestinationView>> ListAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, SuspendedDestination> suspended = (await spool.SuspendedAsync(cancellationToken).ConfigureAwait(false)).ToDictionary(s => s.Destination);
        List<DestinationView> all =
        [
            .. (await spool.DestinationsAsync(500, cancellationToken).ConfigureAwait(false)).Select(d =>
                new DestinationView(d.Destination, d.Stream, d.Waiting, d.NextAttemptAt, d.IsSuspended, suspended.GetValueOrDefault(d.Destination)?.Reason)),
        ];
        all.AddRange(suspended.Values.Where(s => !all.Exists(d => d.Destination == s.Destination))
            .Select(s => new DestinationView(s.Destination, null, 0, null, true, s.Reason)));
        return all;
    }

    /// <summary>Whether mail can have a destination of this name.</summary>
    internal static bool IsDestination(string domain) =>
        AddressReader.Domain(domain) is { } name && SmtpPath.TryParse($"a@{name}", out SmtpPath path) && !path.IsNull;

    private void Change(RouteGroupBuilder group, string name, string summary, Func<string, QueueChange> change) =>
        group.MapPost("/" + name, (Delegate)((HttpContext context) => FilteredAsync(context, (filter, reason) => spool.ChangeAsync(filter, change(reason), context.RequestAborted)))).Demands(KeyScopes.Manage)
            .Accepts<QueueChangeRequest>("application/json").Produces<ChangedView>()
            .WithName($"Queue{char.ToUpperInvariant(name[0])}{name[1..]}").WithSummary(summary);

    private async Task<IResult> FiguresAsync(HttpContext context)
    {
        QueueFigures figures = await spool.FiguresAsync(context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(
            new QueueView(figures.Waiting, figures.Leased, figures.Held, figures.OldestAcceptedAt, spool.Failure), HttpJson.Default.QueueView);
    }

    private async Task<IResult> DestinationsAsync(HttpContext context) => ApiContext.Answer(
        new PageView<DestinationView>(await ListAsync(context.RequestAborted).ConfigureAwait(false)), HttpJson.Default.PageViewDestinationView);

    private async Task<IResult> SuspendAsync(string domain, HttpContext context)
    {
        (SuspendRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.SuspendRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        if (!IsDestination(domain))
        {
            return Problem.Invalid("domain", "This is not a domain such as example.com, or an address in brackets.");
        }

        if (request.Until <= time.GetUtcNow())
        {
            return Problem.Invalid("until", "This time has passed.");
        }

        await spool.SuspendAsync(DestinationName.OfDomain(domain), OneLine(request.Reason), request.Until, context.RequestAborted).ConfigureAwait(false);
        return Results.NoContent();
    }

    private async Task<IResult> ResumeAsync(string domain, HttpContext context) =>
        await spool.ResumeAsync(DestinationName.OfDomain(domain), context.RequestAborted).ConfigureAwait(false)
            ? Results.NoContent()
            : Problem.NotFound("The destination is not suspended.");

    private static async Task<IResult> FilteredAsync(HttpContext context, Func<QueueFilter, string, ValueTask<long>> act)
    {
        (QueueChangeRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.QueueChangeRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        MessageId id = default;
        if (request.MessageId is not null && !MessageId.TryParse(request.MessageId, out id))
        {
            return Problem.Invalid("message_id", "A message id is 32 hexadecimal digits.");
        }

        if (!request.All && request is { MessageId: null, RecipientDomain: null, Recipient: null, SenderDomain: null, Tag: null, Stream: null })
        {
            return Problem.Invalid("all", "Say which: give a condition, or \"all\": true.");
        }

        var filter = new QueueFilter
        {
            MessageId = request.MessageId is null ? null : id,
            Destination = request.RecipientDomain is null ? null : DestinationName.OfDomain(request.RecipientDomain),
            ForwardPath = request.Recipient,
            SenderDomain = request.SenderDomain,
            Tag = request.Tag,
            Stream = request.Stream,
        };
        long changed = await act(filter, OneLine(request.Reason)).ConfigureAwait(false);
        return ApiContext.Answer(new ChangedView(changed), HttpJson.Default.ChangedView);
    }

    private static string OneLine(string? text) => text is null ? string.Empty : MessageLabels.Printable(text);
}
