using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Slot = Relay.Http.FigureCounts.Slot;

namespace Relay.Http;

/// <summary>Figures.</summary>
internal sealed class StatsApi(FigureStore figures, TimeProvider time)
{
    private static readonly TimeSpan ByDefault = TimeSpan.FromDays(7);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(400);

    internal void Map(RouteGroupBuilder api)
    {
        api.MapGet("/stats", (Delegate)Stats).Demands(KeyScopes.Read).WithTags("Figures").Produces<StatsView>()
            .WithName("GetStats").WithSummary("Sums, rates and delivery times")
            .WithDescription("from, to (the last 7 days by default; full hours of UTC), tag, sender_domain, recipient_domain, group_by (tag, sender_domain, recipient_domain), interval (minute, hour, day).");
        api.MapGet("/tags", (Delegate)Tags).Demands(KeyScopes.Read).WithTags("Figures").Produces<PageView<FiguresView>>()
            .WithName("ListTags").WithSummary("All tags of a time with their figures").WithDescription("from, to: the last 7 days by default.");
    }

    /// <summary>The figures of one group.</summary>
    internal static FiguresView View(FigureGroup group, FigureCounts counts)
    {
        long bounced = counts[Slot.BouncedHard] + counts[Slot.BouncedSoft];
        long known = counts[Slot.Delivered] + bounced + counts[Slot.Expired];
        return new FiguresView(
            group.Name,
            group.Start is { } start ? DateTimeOffset.FromUnixTimeSeconds(start) : null,
            counts[Slot.Accepted],
            counts[Slot.Delivered],
            counts[Slot.Deferred],
            counts[Slot.FirstDeferred],
            bounced,
            counts[Slot.BouncedHard],
            counts[Slot.BouncedSoft],
            counts[Slot.Expired],
            counts[Slot.Suppressed],
            counts[Slot.Canceled],
            counts[Slot.Complained],
            counts[Slot.Opened],
            counts[Slot.FirstOpened],
            counts[Slot.Clicked],
            counts[Slot.FirstClicked],
            new RatesView(
                Part(counts[Slot.Delivered], known),
                Part(bounced, known),
                Part(counts[Slot.Complained], counts[Slot.Delivered]),
                Part(counts[Slot.FirstOpened], counts[Slot.Delivered]),
                Part(counts[Slot.FirstClicked], counts[Slot.Delivered])),
            counts.Percentile(0.5) is { } half
                ? new DeliveryTimesView(half, counts.Percentile(0.9)!.Value, counts.Percentile(0.95)!.Value, counts.Percentile(0.99)!.Value)
                : null);
    }

    private IResult Stats(HttpContext context)
    {
        var errors = new List<FieldError>();
        FigureQuery query = Query(context, errors);
        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        Dictionary<FigureGroup, FigureCounts> rows = figures.Read(query);
        FigureCounts total = new();
        if (query.GroupBy == FigureGrouping.Tag)
        {
            foreach (FigureCounts counts in figures.Read(query with { GroupBy = FigureGrouping.None, Interval = FigureInterval.None }).Values)
            {
                total.Add(counts);
            }
        }
        else
        {
            foreach (FigureCounts counts in rows.Values)
            {
                total.Add(counts);
            }
        }

        bool isOne = query.GroupBy == FigureGrouping.None && query.Interval == FigureInterval.None;
        return ApiContext.Answer(
            new StatsView(
                query.From,
                query.To,
                Optional(context, "group_by"),
                Optional(context, "interval"),
                View(default, total),
                isOne ? [] : [.. rows.OrderBy(row => row.Key.Start).ThenBy(row => row.Key.Name, StringComparer.Ordinal).Select(row => View(row.Key, row.Value))]),
            HttpJson.Default.StatsView);
    }

    private IResult Tags(HttpContext context)
    {
        var errors = new List<FieldError>();
        FigureQuery query = Query(context, errors) with { GroupBy = FigureGrouping.Tag, Interval = FigureInterval.None };
        return errors.Count > 0
            ? Problem.Invalid(errors)
            : ApiContext.Answer(
                new PageView<FiguresView>([.. figures.Read(query).OrderBy(row => row.Key.Name, StringComparer.Ordinal).Select(row => View(row.Key, row.Value))]),
                HttpJson.Default.PageViewFiguresView);
    }

    private FigureQuery Query(HttpContext context, List<FieldError> errors)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset to = Optional(context, "to") is { } toText ? MessageQueries.ReadTime("to", toText, errors) ?? now : now;
        DateTimeOffset from = Optional(context, "from") is { } fromText ? MessageQueries.ReadTime("from", fromText, errors) ?? now : to - ByDefault;
        if (from > to)
        {
            errors.Add(new FieldError("from", "The start lies behind the end."));
        }
        else if (to - from > Longest)
        {
            errors.Add(new FieldError("from", $"At most {Longest.Days} days are told at a time."));
        }

        FigureGrouping grouping = Optional(context, "group_by") switch
        {
            null => FigureGrouping.None,
            "tag" => FigureGrouping.Tag,
            "sender_domain" => FigureGrouping.SenderDomain,
            "recipient_domain" => FigureGrouping.RecipientDomain,
            _ => Wrong<FigureGrouping>("group_by", "tag, sender_domain or recipient_domain"),
        };
        FigureInterval interval = Optional(context, "interval") switch
        {
            null => FigureInterval.None,
            "minute" => FigureInterval.Minute,
            "hour" => FigureInterval.Hour,
            "day" => FigureInterval.Day,
            _ => Wrong<FigureInterval>("interval", "minute, hour or day"),
        };
        var query = new FigureQuery
        {
            From = from,
            To = to,
            Tag = Optional(context, "tag"),
            SenderDomain = SenderDomain(context, errors),
            RecipientDomain = Optional(context, "recipient_domain") is { } domain ? Spool.DestinationName.OfDomain(domain) : null,
            GroupBy = grouping,
            Interval = interval,
        };
        if (interval == FigureInterval.Minute && (query.Tag is not null || query.RecipientDomain is not null || grouping is FigureGrouping.Tag or FigureGrouping.RecipientDomain))
        {
            errors.Add(new FieldError("interval", "Minutes are kept for all together and for sender domains only."));
        }

        return query;

        T Wrong<T>(string parameter, string allowed)
        {
            errors.Add(new FieldError(parameter, $"Allowed is {allowed}."));
            return default!;
        }
    }

    /// <summary>A key of some sender domains sees the figures of those only, one at a time.</summary>
    private static string? SenderDomain(HttpContext context, List<FieldError> errors)
    {
        ApiKey key = context.Key();
        string? domain = Optional(context, "sender_domain")?.ToLowerInvariant();
        if (domain is null ? key.SenderDomains.Count > 0 : !key.MaySendFrom(domain))
        {
            if (domain is null && key.SenderDomains.Count == 1 && !key.SenderDomains[0].StartsWith('.'))
            {
                return key.SenderDomains[0];
            }

            errors.Add(new FieldError("sender_domain", "The key is for some sender domains: name one of them."));
        }

        return domain;
    }

    private static double? Part(long count, long of) => of == 0 ? null : Math.Round((double)count / of, 4);

    private static string? Optional(HttpContext context, string parameter) => context.Request.Query[parameter].ToString() is { Length: > 0 } text ? text : null;
}
