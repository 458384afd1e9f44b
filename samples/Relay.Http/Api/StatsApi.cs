using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Slot = Relay.Http.FigureCounts.Slot;

namespace Relay.Http;

/// <summary>Figures.</summary>
internal sealed class StatsApi(FigureStore figures, TimeProvider time)
{
    private static readonly TimeSpan ByDefault = TimeSpan.FromDays(7);
    private static readonly TimeSpan MinutesByDefault = TimeSpan.FromDays(2);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(400);

    // An answer stays readable, and is made within a fifth of a second: a row is about 500 octets of JSON.
    private const int MostRows = 5_000;
    private const int MostGroups = 1_000;
    private const int GroupsByDefault = 100;

    internal void Map(RouteGroupBuilder api)
    {
        api.MapGet("/stats", (Delegate)Stats).Demands(KeyScopes.Read).WithTags("Figures").Produces<StatsView>()
            .Takes("from", "to", "tag", "sender_domain", "recipient_domain", "group_by", "interval", "limit", "cursor")
            .WithName("GetStats").WithSummary("Sums, rates and delivery times")
            .WithDescription("from, to (the last 7 days by default, of minutes the last 2; full hours of UTC), tag, sender_domain, recipient_domain, group_by (tag, sender_domain, recipient_domain), interval (minute, hour, day). Of groups those with the most accepted come first: limit (100 by default), cursor.");
        api.MapGet("/tags", (Delegate)Tags).Demands(KeyScopes.Read).WithTags("Figures").Produces<PageView<FiguresView>>()
            .Takes("from", "to", "sender_domain", "recipient_domain", "limit", "cursor")
            .WithName("ListTags").WithSummary("All tags of a time with their figures").WithDescription("from, to (the last 7 days by default), sender_domain, recipient_domain. Those with the most accepted first; pages: limit, cursor.");
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

        if (query.GroupBy == FigureGrouping.None)
        {
            Dictionary<FigureGroup, FigureCounts> steps = figures.Read(query);
            return ApiContext.Answer(
                Answer(Sum(steps.Values), null, query.Interval == FigureInterval.None ? [] : [.. steps.OrderBy(row => row.Key.Start).Select(row => View(row.Key, row.Value))], null),
                HttpJson.Default.StatsView);
        }

        // The groups of the whole time come first: they say which of them are on this page.
        (List<KeyValuePair<FigureGroup, FigureCounts>> ranked, List<KeyValuePair<FigureGroup, FigureCounts>> page, string? next) = Groups(query, context, errors);
        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        // A message of two tags is in both, and in the total once.
        FigureCounts total = query.GroupBy == FigureGrouping.Tag
            ? Sum(figures.Read(query with { GroupBy = FigureGrouping.None, Interval = FigureInterval.None }).Values)
            : Sum(ranked.Select(group => group.Value));
        IEnumerable<KeyValuePair<FigureGroup, FigureCounts>> rows = page;
        if (query.Interval != FigureInterval.None && page.Count > 0)
        {
            Dictionary<string, int> rank = page.Select((group, i) => (group.Key.Name!, i)).ToDictionary(StringComparer.Ordinal);
            rows = figures.Read(query with { Groups = rank.Keys }).OrderBy(row => row.Key.Start).ThenBy(row => rank[row.Key.Name!]);
        }

        return ApiContext.Answer(Answer(total, ranked.Count, [.. rows.Select(row => View(row.Key, row.Value))], next), HttpJson.Default.StatsView);

        StatsView Answer(FigureCounts sum, int? groups, IReadOnlyList<FiguresView> data, string? cursor) =>
            new(query.From, query.To, Optional(context, "group_by"), Optional(context, "interval"), View(default, sum), groups, data, cursor);
    }

    /// <summary>All groups of a time, those with the most accepted first; those of the page that is asked for; and the cursor of the next.</summary>
    private (List<KeyValuePair<FigureGroup, FigureCounts>> Ranked, List<KeyValuePair<FigureGroup, FigureCounts>> Page, string? Next) Groups(
        FigureQuery query, HttpContext context, List<FieldError> errors)
    {
        int most = (int)Math.Clamp(MostRows / query.Steps, 1, MostGroups);
        int limit = Math.Min(GroupsByDefault, most);
        if (Optional(context, "limit") is { } limitText && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit < 1 || limit > most))
        {
            errors.Add(new FieldError("limit", $"A limit is a number of groups from 1 to {most}, with these steps of time."));
        }

        int skip = 0;
        if (Optional(context, "cursor") is { } cursor && !int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out skip))
        {
            errors.Add(new FieldError("cursor", "This is not a cursor of an answer."));
        }

        if (errors.Count > 0)
        {
            return ([], [], null);
        }

        List<KeyValuePair<FigureGroup, FigureCounts>> ranked =
        [
            .. figures.Read(query with { Interval = FigureInterval.None })
                .OrderByDescending(group => group.Value[Slot.Accepted]).ThenBy(group => group.Key.Name, StringComparer.Ordinal),
        ];
        List<KeyValuePair<FigureGroup, FigureCounts>> page = [.. ranked.Skip(skip).Take(limit)];
        return (ranked, page, skip + page.Count < ranked.Count && page.Count > 0 ? (skip + page.Count).ToString(CultureInfo.InvariantCulture) : null);
    }

    private static FigureCounts Sum(IEnumerable<FigureCounts> all)
    {
        var sum = new FigureCounts();
        foreach (FigureCounts counts in all)
        {
            sum.Add(counts);
        }

        return sum;
    }

    private IResult Tags(HttpContext context)
    {
        var errors = new List<FieldError>();
        FigureQuery query = Query(context, errors) with { GroupBy = FigureGrouping.Tag, Interval = FigureInterval.None };
        (_, List<KeyValuePair<FigureGroup, FigureCounts>> page, string? next) = Groups(query, context, errors);
        return errors.Count > 0
            ? Problem.Invalid(errors)
            : ApiContext.Answer(new PageView<FiguresView>([.. page.Select(row => View(row.Key, row.Value))], next), HttpJson.Default.PageViewFiguresView);
    }

    private FigureQuery Query(HttpContext context, List<FieldError> errors)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset to = Optional(context, "to") is { } toText ? MessageQueries.ReadTime("to", toText, errors) ?? now : now;
        DateTimeOffset from = Optional(context, "from") is { } fromText ? MessageQueries.ReadTime("from", fromText, errors) ?? now
            : to - (Optional(context, "interval") == "minute" ? MinutesByDefault : ByDefault);
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
        if (errors.Count == 0 && query.Steps > MostRows)
        {
            errors.Add(new FieldError("interval", $"At most {MostRows} steps are told at a time: take a longer one, or a shorter time."));
        }

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
