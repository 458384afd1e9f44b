using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Where images and links of tracked messages lead. Nobody needs a key for them; what they say is signed.</summary>
internal sealed class TrackingEndpoints(Tracker tracker, ISpool spool)
{
    // Mail scanners follow links many times over; what counts after the first is of little worth, and a log must not grow by it.
    private const int MaximumEvents = 20;

    /// <summary>A transparent GIF of one pixel.</summary>
    private static readonly byte[] Pixel = Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7");

    internal void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/t/o/{token}", (Delegate)OpenAsync).ExcludeFromDescription();
        app.MapGet("/t/c/{token}", (Delegate)ClickAsync).ExcludeFromDescription();
    }

    private async Task<IResult> OpenAsync(string token, HttpContext context)
    {
        if (!tracker.TryReadOpen(token, out MessageId id))
        {
            return Results.NotFound();
        }

        await BookAsync(id, SpoolEventType.Opened, context.RequestAborted).ConfigureAwait(false);
        return Results.Bytes(Pixel, "image/gif");
    }

    private async Task<IResult> ClickAsync(string token, HttpContext context)
    {
        if (!tracker.TryReadClick(token, out MessageId id, out string target))
        {
            return Results.NotFound();
        }

        await BookAsync(id, SpoolEventType.Clicked, context.RequestAborted).ConfigureAwait(false);
        return Results.Redirect(target);
    }

    private async ValueTask BookAsync(MessageId id, SpoolEventType type, CancellationToken cancellationToken)
    {
        try
        {
            // Of a message that is long gone the link still leads where it should.
            if (await spool.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } message
                && (type == SpoolEventType.Opened ? message.Facts.TrackOpens : message.Facts.TrackClicks))
            {
                int before = (await spool.EventsAsync(id, cancellationToken).ConfigureAwait(false)).Count(happened => happened.Type == type);
                if (before < MaximumEvents)
                {
                    string reason = before == 0 ? FigureCounts.FirstTime : string.Empty;
                    await spool.AppendEventsAsync([new NewEvent(id, 0, type, Reason: reason)], cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (SpoolException)
        {
            // The reader wants the page, not our figures.
        }
    }
}
