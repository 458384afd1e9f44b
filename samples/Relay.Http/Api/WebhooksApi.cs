using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Webhooks and their deliveries.</summary>
internal sealed class WebhooksApi(WebhookStore webhooks, FigureReader figures, HttpSettings settings)
{
    private const int MaximumWebhooks = 50;

    private static readonly string[] Types = [.. Enum.GetValues<SpoolEventType>().Select(Views.Name)];

    internal void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/webhooks").WithTags("Webhooks");
        group.MapGet("/", (Delegate)List).Demands(KeyScopes.Manage).Produces<PageView<WebhookView>>()
            .WithName("ListWebhooks").WithSummary("List webhooks");
        group.MapPost("/", (Delegate)AddAsync).Demands(KeyScopes.Manage).Accepts<WebhookRequest>("application/json").Produces<WebhookView>(StatusCodes.Status201Created)
            .WithName("AddWebhook").WithSummary("Add a webhook")
            .WithDescription("Told of events from now on, signed as Standard Webhooks says: webhook-id, webhook-timestamp, webhook-signature. Tried again for more than a day.");
        group.MapGet("/{id}", (Delegate)Find).Demands(KeyScopes.Manage).Produces<WebhookView>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("GetWebhook").WithSummary("A webhook");
        group.MapPatch("/{id}", (Delegate)ChangeAsync).Demands(KeyScopes.Manage).Accepts<WebhookChangeRequest>("application/json").Produces<WebhookView>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("ChangeWebhook").WithSummary("Switch a webhook on or off");
        group.MapDelete("/{id}", (Delegate)RemoveAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("RemoveWebhook").WithSummary("Remove a webhook");
        group.MapPost("/{id}/test", (Delegate)TestAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("TestWebhook").WithSummary("Send a webhook an event of type message.test");
        group.MapGet("/{id}/deliveries", (Delegate)Deliveries).Demands(KeyScopes.Manage).Produces<PageView<WebhookDeliveryView>>().ProducesProblem(StatusCodes.Status404NotFound)
            .Takes("limit", "cursor")
            .WithName("ListWebhookDeliveries").WithSummary("The last deliveries, the newest first");
        group.MapPost("/{id}/deliveries/{delivery:long}/replay", (Delegate)ReplayAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("ReplayWebhookDelivery").WithSummary("Deliver once more, under the same webhook-id");
    }

    internal static WebhookDeliveryView View(WebhookDelivery delivery) => new(
        delivery.Id,
        delivery.Name,
        delivery.Type,
        Views.Name(delivery.State),
        delivery.Attempts,
        delivery.State == WebhookDeliveryState.Pending ? delivery.NextAt : null,
        delivery.LastStatus,
        delivery.LastError,
        delivery.CreatedAt);

    /// <summary>Reads a request.</summary>
    internal (Uri Url, IReadOnlyList<string> Types)? Read(WebhookRequest request, List<FieldError> errors)
    {
        // A URI parser takes spaces and line breaks in its stride.
        Uri? url = null;
        if (request.Url?.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) != false || !Uri.TryCreate(request.Url, UriKind.Absolute, out url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.UserInfo.Length > 0)
        {
            errors.Add(new FieldError("url", "The URL is an absolute one of http or https, without a password in it."));
        }
        else if (!settings.WebhooksToPrivateAddresses && WebhookAddresses.IsPlainlyPrivate(url))
        {
            errors.Add(new FieldError("url", "The URL leads to this machine or a private network, which Relay:Http:WebhooksToPrivateAddresses does not allow."));
        }

        for (int i = 0; i < request.Types?.Count; i++)
        {
            if (!Types.Contains(request.Types[i], StringComparer.Ordinal))
            {
                errors.Add(new FieldError($"types[{i}]", $"A type is one of {string.Join(", ", Types)}."));
            }
        }

        if (webhooks.All().Count >= MaximumWebhooks)
        {
            errors.Add(new FieldError("url", $"There are {MaximumWebhooks} webhooks already."));
        }

        return errors.Count > 0 ? null : (url!, request.Types ?? []);
    }

    /// <summary>Makes a webhook that hears what happens from now on.</summary>
    internal Task<Webhook> MakeAsync(Uri url, IReadOnlyList<string> types, CancellationToken cancellationToken) =>
        webhooks.AddAsync(url, types, figures.Cursor, cancellationToken);

    internal static WebhookView View(Webhook webhook, string? secret = null) => new(
        webhook.Id, webhook.Url.AbsoluteUri, webhook.Types, webhook.IsEnabled, webhook.WhyDisabled, webhook.CreatedAt, secret);

    private IResult List() => ApiContext.Answer(new PageView<WebhookView>([.. webhooks.All().Select(webhook => View(webhook))]), HttpJson.Default.PageViewWebhookView);

    private async Task<IResult> AddAsync(HttpContext context)
    {
        (WebhookRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.WebhookRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        var errors = new List<FieldError>();
        if (Read(request, errors) is not { } read)
        {
            return Problem.Invalid(errors);
        }

        Webhook webhook = await MakeAsync(read.Url, read.Types, context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(View(webhook, WebhookSignature.Show(webhook.Secret)), HttpJson.Default.WebhookView, StatusCodes.Status201Created);
    }

    private IResult Find(string id) => webhooks.Find(id) is { } webhook ? ApiContext.Answer(View(webhook), HttpJson.Default.WebhookView) : NoWebhook();

    private async Task<IResult> ChangeAsync(string id, HttpContext context)
    {
        (WebhookChangeRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.WebhookChangeRequest).ConfigureAwait(false);
        if (request?.Enabled is not { } isEnabled)
        {
            return problem ?? Problem.Invalid("enabled", "Say whether it is to be on: true or false.");
        }

        return await webhooks.EnableAsync(id, isEnabled, null, context.RequestAborted).ConfigureAwait(false) ? Find(id) : NoWebhook();
    }

    private async Task<IResult> RemoveAsync(string id, HttpContext context) =>
        await webhooks.RemoveAsync(id, context.RequestAborted).ConfigureAwait(false) ? Results.NoContent() : NoWebhook();

    private async Task<IResult> TestAsync(string id, HttpContext context)
    {
        if (webhooks.Find(id) is not { } webhook)
        {
            return NoWebhook();
        }

        await webhooks.TestAsync(webhook, context.RequestAborted).ConfigureAwait(false);
        return Results.StatusCode(StatusCodes.Status202Accepted);
    }

    private IResult Deliveries(string id, HttpContext context)
    {
        var errors = new List<FieldError>();
        int limit = MessageQueries.Limit(context.Request.Query, errors);
        string cursor = context.Request.Query["cursor"].ToString();
        long before = long.MaxValue;
        if (cursor.Length > 0 && !long.TryParse(cursor, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out before))
        {
            errors.Add(new FieldError("cursor", "This is not a cursor of an answer."));
        }

        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        if (webhooks.Find(id) is null)
        {
            return NoWebhook();
        }

        List<WebhookDelivery> page = webhooks.Latest(id, limit, before);
        return ApiContext.Answer(
            new PageView<WebhookDeliveryView>(
                [.. page.Select(View)],
                page.Count == limit ? page[^1].Id.ToString(System.Globalization.CultureInfo.InvariantCulture) : null),
            HttpJson.Default.PageViewWebhookDeliveryView);
    }

    private async Task<IResult> ReplayAsync(string id, long delivery, HttpContext context) =>
        await webhooks.ReplayAsync(id, delivery, context.RequestAborted).ConfigureAwait(false) ? Results.StatusCode(StatusCodes.Status202Accepted) : NoWebhook();

    private static Problem NoWebhook() => Problem.NotFound("There is no such webhook or delivery.");
}
