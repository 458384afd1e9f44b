using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;

namespace Relay.Http;

/// <summary>The pages of mail: overview, messages, sending, tags, inbox.</summary>
internal sealed class MailPages(
    PageGate gate, MessageQueries queries, MessageSender sender, QueueApi queue, FigureStore figures, Inbox inbox, ISpool spool, TimeProvider time)
{
    private const int MailsOnPage = 50;

    internal void Map(IEndpointRouteBuilder app)
    {
        RouteGroupBuilder pages = app.MapGroup(string.Empty).ExcludeFromDescription();
        pages.MapGet("/", gate.Page(OverviewAsync));
        pages.MapGet("/data/overview", gate.Page(DataAsync));
        pages.MapGet("/messages", gate.Page(MessagesAsync));
        pages.MapGet("/messages/{id}", gate.Page(MessageAsync));
        Change(pages, "retry", "To be tried at once.", new QueueChange.Retry());
        Change(pages, "hold", "Held.", new QueueChange.Hold("By hand"));
        Change(pages, "release", "Released.", new QueueChange.Release());
        Change(pages, "cancel", "Canceled.", new QueueChange.Cancel("By hand"));
        pages.MapGet("/send", gate.Page((context, page, _) => Task.FromResult(PageGate.Render<SendPage>(context, ("Page", page))), KeyScopes.Send));
        pages.MapPost("/send", gate.Form(SendAsync, KeyScopes.Send));
        pages.MapGet("/tags", gate.Page(TagsAsync));
        pages.MapGet("/inbox", gate.Page(InboxAsync));
        pages.MapGet("/inbox/{id}", gate.Page(MailAsync));
        pages.MapGet("/inbox/{id}/html", gate.Page(HtmlAsync));
        pages.MapGet("/inbox/{id}/source", gate.Page(SourceAsync));
        pages.MapGet("/inbox/{id}/attachments/{index:int}", gate.Page(AttachmentAsync));
    }

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static IResult NotHere(HttpContext context, PageContext page)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return PageGate.Render<NotFoundPage>(context, ("Page", page));
    }

    private void Change(RouteGroupBuilder pages, string name, string notice, QueueChange change) => pages.MapPost($"/messages/{{id}}/{name}", gate.Form(
        async (context, page, key, _) =>
        {
            if (await queries.FindAsync(key, Id(context), context.RequestAborted).ConfigureAwait(false) is not { } message)
            {
                return NotHere(context, page);
            }

            long changed = await spool.ChangeAsync(new QueueFilter { MessageId = message.Id }, change, context.RequestAborted).ConfigureAwait(false);
            return PageGate.Done(context, changed == 0 ? "Nothing of it could be changed." : notice, $"/messages/{message.Id}");
        }));

    private async Task<IResult> OverviewAsync(HttpContext context, PageContext page, ApiKey key) => PageGate.Render<OverviewPage>(
        context, ("Page", page), ("Destinations", await queue.ListAsync(context.RequestAborted).ConfigureAwait(false)));

    private async Task<IResult> DataAsync(HttpContext context, PageContext page, ApiKey key)
    {
        DateTimeOffset now = time.GetUtcNow();
        (TimeSpan range, FigureInterval interval, long step) = context.Request.Query["range"].ToString() switch
        {
            "month" => (TimeSpan.FromDays(30), FigureInterval.Day, 86_400L),
            "day" => (TimeSpan.FromDays(1), FigureInterval.Hour, 3_600L),
            _ => (TimeSpan.FromHours(1), FigureInterval.Minute, 60L),
        };
        Dictionary<FigureGroup, FigureCounts> rows = figures.Read(new FigureQuery { From = now - range, To = now, Interval = interval });
        var total = new FigureCounts();
        foreach (FigureCounts counts in rows.Values)
        {
            total.Add(counts);
        }

        // Steps without events are zero, and not missing.
        long first = (now - range).ToUnixTimeSeconds() / step * step;
        List<long> starts = [];
        List<FiguresView> views = [];
        for (long start = first; start <= now.ToUnixTimeSeconds(); start += step)
        {
            starts.Add(start);
            views.Add(StatsApi.View(default, rows.GetValueOrDefault(new FigureGroup(null, start)) ?? new FigureCounts()));
        }

        QueueFigures stands = await spool.FiguresAsync(context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(
            new OverviewView(
                starts,
                [.. views.Select(v => v.Accepted)],
                [.. views.Select(v => v.Delivered)],
                [.. views.Select(v => v.Deferred)],
                [.. views.Select(v => v.Bounced)],
                StatsApi.View(default, total),
                new QueueView(stands.Waiting, stands.Leased, stands.Held, stands.OldestAcceptedAt, spool.Failure)),
            HttpJson.Default.OverviewView);
    }

    private async Task<IResult> MessagesAsync(HttpContext context, PageContext page, ApiKey key)
    {
        // What a person typed and is no filter finds nothing, and says so.
        var errors = new List<FieldError>();
        QueueFilter filter = MessageQueries.Filter(context.Request.Query, errors);
        QueueCursor? cursor = MessageQueries.Cursor(context.Request.Query, errors);
        PageView<MessageView> messages = errors.Count > 0
            ? new PageView<MessageView>([])
            : await queries.ListAsync(key, filter, cursor, MailsOnPage, context.RequestAborted).ConfigureAwait(false);
        Dictionary<string, string> query = context.Request.Query.ToDictionary(q => q.Key, q => q.Value.ToString());
        string? next = null;
        if (messages.NextCursor is not null)
        {
            next = "/messages" + QueryString.Create(query.Where(q => q.Key != "cursor").Append(new("cursor", messages.NextCursor))
                .Select(q => new KeyValuePair<string, string?>(q.Key, q.Value)));
        }

        return PageGate.Render<MessagesPage>(context, ("Page", page), ("Messages", messages), ("Query", query), ("Next", next));
    }

    private async Task<IResult> MessageAsync(HttpContext context, PageContext page, ApiKey key) =>
        await queries.FindAsync(key, Id(context), context.RequestAborted).ConfigureAwait(false) is { } message
            ? PageGate.Render<MessagePage>(
                context, ("Page", page), ("Message", await queries.WholeAsync(message, context.RequestAborted).ConfigureAwait(false)))
            : NotHere(context, page);

    private async Task<IResult> SendAsync(HttpContext context, PageContext page, ApiKey key, IFormCollection form)
    {
        var request = new MessageRequest
        {
            From = RequestedAddress.FromText(form["from"].ToString()),
            To = [.. Split(form["to"].ToString()).Select(RequestedAddress.FromText)],
            Subject = form["subject"].ToString(),
            Text = Optional("text") ?? (Optional("html") is null ? string.Empty : null),
            Html = Optional("html"),
            Tags = Split(form["tags"].ToString()),
            Test = form["test"] == "true",
        };
        SendOutcome outcome = await sender.SendAsync(key, request, sender.NewId(), mayBeStored: false, context.RequestAborted).ConfigureAwait(false);
        return outcome.Problem is { } problem
            ? PageGate.Render<SendPage>(
                context,
                ("Page", page),
                ("Given", form.ToDictionary(f => f.Key, f => f.Value.ToString())),
                ("Errors", problem.Errors ?? [new FieldError(string.Empty, problem.Detail)]))
            : PageGate.Done(context, "The message was taken.", $"/messages/{outcome.Id}");

        string? Optional(string name) => form[name].ToString() is { Length: > 0 } text ? text : null;

        static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private Task<IResult> TagsAsync(HttpContext context, PageContext page, ApiKey key)
    {
        int days = context.Request.Query["days"].ToString() switch
        {
            "1" => 1,
            "30" => 30,
            _ => 7,
        };
        DateTimeOffset now = time.GetUtcNow();
        FiguresView[] tags =
        [
            .. figures.Read(new FigureQuery { From = now.AddDays(-days), To = now, GroupBy = FigureGrouping.Tag })
                .Select(row => StatsApi.View(row.Key, row.Value)).OrderByDescending(tag => tag.Accepted).Take(200),
        ];
        return Task.FromResult(PageGate.Render<TagsPage>(context, ("Page", page), ("Tags", tags), ("Days", days)));
    }

    private Task<IResult> InboxAsync(HttpContext context, PageContext page, ApiKey key)
    {
        string before = context.Request.Query["before"].ToString();
        List<CapturedMail> mails = inbox.List(before.Length == 0 ? null : before, MailsOnPage);
        return Task.FromResult(PageGate.Render<InboxPage>(
            context, ("Page", page), ("Mails", mails), ("Next", mails.Count == MailsOnPage ? mails[^1].Id : null)));
    }

    private async Task<IResult> MailAsync(HttpContext context, PageContext page, ApiKey key) =>
        await inbox.OpenAsync(Id(context), context.RequestAborted).ConfigureAwait(false) is { } mail
            ? PageGate.Render<MailPage>(context, ("Page", page), ("Mail", mail))
            : NotHere(context, page);

    private async Task<IResult> HtmlAsync(HttpContext context, PageContext page, ApiKey key)
    {
        if (await inbox.HtmlAsync(Id(context), context.RequestAborted).ConfigureAwait(false) is not { } html)
        {
            return NotHere(context, page);
        }

        // Sandboxed even when it is opened by itself: no script, no form, no origin, nothing loaded from anywhere.
        context.Response.Headers.ContentSecurityPolicy =
            "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
        return Results.Content(html, "text/html; charset=utf-8");
    }

    private Task<IResult> SourceAsync(HttpContext context, PageContext page, ApiKey key)
    {
        if (inbox.Find(Id(context)) is not { } path)
        {
            return Task.FromResult(NotHere(context, page));
        }

        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        return Task.FromResult(Results.File(path, "text/plain; charset=utf-8"));
    }

    private async Task<IResult> AttachmentAsync(HttpContext context, PageContext page, ApiKey key)
    {
        int index = int.Parse((string)context.Request.RouteValues["index"]!, System.Globalization.CultureInfo.InvariantCulture);
        if (await inbox.AttachmentAsync(Id(context), index, context.RequestAborted).ConfigureAwait(false) is not { } attachment)
        {
            return NotHere(context, page);
        }

        // Never shown in the browser, whatever it says it is.
        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        return Results.File(attachment.Content, "application/octet-stream", attachment.Name);
    }
}
