using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;

namespace Relay.Http;

/// <summary>The pages of what concerns more than a mail: signing in, destinations, suppressions, keys, webhooks.</summary>
internal sealed class AdminPages(
    PageGate gate, PageSessions sessions, SignInLimiter limiter, KeyStore keys, KeysApi keysApi, QueueApi queue, SuppressionsApi suppressionsApi, WebhookStore webhooks, WebhooksApi webhooksApi, ISpool spool)
{
    private const int SuppressionsOnPage = 100;
    private const int DeliveriesOnPage = 10;

    internal void Map(IEndpointRouteBuilder app)
    {
        RouteGroupBuilder pages = app.MapGroup(string.Empty).ExcludeFromDescription();
        pages.MapGet("/login", (Delegate)((HttpContext context) => PageGate.Render<LoginPage>(context)));
        pages.MapPost("/login", (Delegate)SignInAsync);
        pages.MapPost("/logout", gate.Form(
            (context, _, _, _) =>
            {
                sessions.SignOut(context);
                return Task.FromResult(Results.Redirect("/login"));
            },
            KeyScopes.Read));
        pages.MapGet("/destinations", gate.Page(async (context, page, _) => PageGate.Render<DestinationsPage>(
            context, ("Page", page), ("Destinations", await queue.ListAsync(context.RequestAborted).ConfigureAwait(false)))));
        pages.MapPost("/destinations/suspend", gate.Form(SuspendAsync));
        pages.MapPost("/destinations/resume", gate.Form(ResumeAsync));
        pages.MapGet("/suppressions", gate.Page(SuppressionsAsync));
        pages.MapPost("/suppressions", gate.Form(SuppressAsync));
        pages.MapPost("/suppressions/remove", gate.Form(async (context, _, _, form) =>
        {
            bool removed = await spool.Suppressions.RemoveAsync(form["address"].ToString(), context.RequestAborted).ConfigureAwait(false);
            return PageGate.Done(context, removed ? "Taken off the list." : "Nothing of it could be changed.", "/suppressions");
        }));
        pages.MapGet("/keys", gate.Page((context, page, _) => Task.FromResult(Keys(context, page, null, [])), KeyScopes.Manage));
        pages.MapPost("/keys", gate.Form(MakeKeyAsync));
        pages.MapPost("/keys/{id}/revoke", gate.Form(async (context, _, _, _) => PageGate.Done(
            context, await keys.RevokeAsync(Id(context), context.RequestAborted).ConfigureAwait(false) ? "The key was taken back." : "Nothing of it could be changed.", "/keys")));
        pages.MapGet("/webhooks", gate.Page((context, page, _) => Task.FromResult(Webhooks(context, page, null, [])), KeyScopes.Manage));
        pages.MapPost("/webhooks", gate.Form(MakeWebhookAsync));
        pages.MapPost("/webhooks/{id}/remove", gate.Form(async (context, _, _, _) =>
        {
            await webhooks.RemoveAsync(Id(context), context.RequestAborted).ConfigureAwait(false);
            return PageGate.Done(context, "The webhook was removed.", "/webhooks");
        }));
        pages.MapPost("/webhooks/{id}/enable", gate.Form((context, _, _, _) => SwitchAsync(context, true)));
        pages.MapPost("/webhooks/{id}/disable", gate.Form((context, _, _, _) => SwitchAsync(context, false)));
        pages.MapPost("/webhooks/{id}/test", gate.Form(async (context, _, _, _) =>
        {
            if (webhooks.Find(Id(context)) is { } webhook)
            {
                await webhooks.TestAsync(webhook, context.RequestAborted).ConfigureAwait(false);
            }

            return PageGate.Done(context, "A test event is on its way.", "/webhooks");
        }));
        pages.MapPost("/webhooks/{id}/replay/{delivery:long}", gate.Form(async (context, _, _, _) =>
        {
            long delivery = long.Parse((string)context.Request.RouteValues["delivery"]!, System.Globalization.CultureInfo.InvariantCulture);
            await webhooks.ReplayAsync(Id(context), delivery, context.RequestAborted).ConfigureAwait(false);
            return PageGate.Done(context, "To be tried at once.", "/webhooks");
        }));
    }

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private async Task<IResult> SignInAsync(HttpContext context)
    {
        if (PageGate.IsFromAnotherSite(context))
        {
            return Results.StatusCode(StatusCodes.Status403Forbidden);
        }

        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        (ApiKey? key, TimeSpan? retryAfter) = await limiter.VerifyAsync(context.Connection.RemoteIpAddress, form["key"].ToString().Trim(), context.RequestAborted).ConfigureAwait(false);
        if (retryAfter is { } after)
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = after.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            return PageGate.Render<LoginPage>(context, ("Error", "Too many wrong keys came from your address. Try again in half a minute."));
        }

        if (key is null || !key.Has(KeyScopes.Read) || key.SenderDomains.Count > 0)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return PageGate.Render<LoginPage>(
                context, ("Error", key is null ? "This is not a key that is valid." : "The page needs a key that reads, and that is not bound to sender domains."));
        }

        sessions.SignIn(context, key);
        return Results.Redirect("/");
    }

    private async Task<IResult> SuspendAsync(HttpContext context, PageContext page, ApiKey key, IFormCollection form)
    {
        string domain = form["domain"].ToString().Trim();
        if (!QueueApi.IsDestination(domain))
        {
            return PageGate.Done(context, "Nothing of it could be changed.", "/destinations");
        }

        await spool.SuspendAsync(DestinationName.OfDomain(domain), MessageLabels.Printable(form["reason"].ToString()), null, context.RequestAborted).ConfigureAwait(false);
        return PageGate.Done(context, "Suspended.", "/destinations");
    }

    private async Task<IResult> ResumeAsync(HttpContext context, PageContext page, ApiKey key, IFormCollection form)
    {
        bool resumed = await spool.ResumeAsync(DestinationName.OfDomain(form["domain"].ToString()), context.RequestAborted).ConfigureAwait(false);
        return PageGate.Done(context, resumed ? "Resumed." : "Nothing of it could be changed.", "/destinations");
    }

    private async Task<IResult> SuppressionsAsync(HttpContext context, PageContext page, ApiKey key)
    {
        string cursor = context.Request.Query["cursor"].ToString();
        IReadOnlyList<Suppression> list = await spool.Suppressions.ListAsync(cursor.Length == 0 ? null : cursor, SuppressionsOnPage, context.RequestAborted).ConfigureAwait(false);
        return PageGate.Render<SuppressionsPage>(
            context,
            ("Page", page),
            ("Suppressions", list.Select(SuppressionsApi.View).ToArray()),
            ("Next", list.Count == SuppressionsOnPage ? list[^1].Address : null));
    }

    private async Task<IResult> SuppressAsync(HttpContext context, PageContext page, ApiKey key, IFormCollection form)
    {
        // Only back to a message's page: where a form says that it goes is not to be trusted.
        string back = form["back"].ToString() is { } given && given.StartsWith("/messages/", StringComparison.Ordinal) && MessageId.TryParse(given["/messages/".Length..], out MessageId id)
            ? $"/messages/{id}"
            : "/suppressions";
        var errors = new List<FieldError>();
        if (suppressionsApi.Read(new SuppressionRequest { Address = form["address"].ToString() }, string.Empty, errors) is not { } suppression)
        {
            return PageGate.Done(context, "That is not an address.", back);
        }

        await spool.Suppressions.AddAsync([suppression], context.RequestAborted).ConfigureAwait(false);
        return PageGate.Done(context, "Suppressed.", back);
    }

    private IResult Keys(HttpContext context, PageContext page, string? made, IReadOnlyList<FieldError> errors) => PageGate.Render<KeysPage>(
        context, ("Page", page), ("Keys", keys.All().Select(key => KeysApi.View(key)).ToArray()), ("Made", made), ("Errors", errors));

    private async Task<IResult> MakeKeyAsync(HttpContext context, PageContext page, ApiKey key, IFormCollection form)
    {
        var errors = new List<FieldError>();
        var request = new KeyRequest
        {
            Name = form["name"].ToString(),
            Scopes = [.. form["scopes"].Select(scope => scope ?? string.Empty)],
            SenderDomains = form["sender_domains"].ToString().Split([',', ' '], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        };
        (ApiKey Key, string Text)? made = await keysApi.MakeAsync(request, errors, context.RequestAborted).ConfigureAwait(false);
        return Keys(context, page, made?.Text, errors);
    }

    private IResult Webhooks(HttpContext context, PageContext page, string? secret, IReadOnlyList<FieldError> errors) => PageGate.Render<WebhooksPage>(
        context,
        ("Page", page),
        ("Webhooks", webhooks.All().Select(webhook => (WebhooksApi.View(webhook), (IReadOnlyList<WebhookDeliveryView>)[.. webhooks.Latest(webhook.Id, DeliveriesOnPage).Select(WebhooksApi.View)])).ToArray()),
        ("Secret", secret),
        ("Errors", errors));

    private async Task<IResult> MakeWebhookAsync(HttpContext context, PageContext page, ApiKey key, IFormCollection form)
    {
        var errors = new List<FieldError>();
        string[] types = form["types"].ToString().Split([',', ' '], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (webhooksApi.Read(new WebhookRequest { Url = form["url"].ToString(), Types = types }, errors) is not { } read)
        {
            return Webhooks(context, page, null, errors);
        }

        Webhook webhook = await webhooksApi.MakeAsync(read.Url, read.Types, context.RequestAborted).ConfigureAwait(false);
        return Webhooks(context, page, WebhookSignature.Show(webhook.Secret), []);
    }

    private async Task<IResult> SwitchAsync(HttpContext context, bool isEnabled)
    {
        bool changed = await webhooks.EnableAsync(Id(context), isEnabled, null, context.RequestAborted).ConfigureAwait(false);
        return PageGate.Done(context, changed ? "Done." : "Nothing of it could be changed.", "/webhooks");
    }
}
