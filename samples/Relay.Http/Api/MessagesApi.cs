using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Submitting messages, and looking at them.</summary>
internal sealed class MessagesApi(
    MessageSender sender, RawMessageReader rawReader, MessageQueries queries, IdempotencyStore idempotency, KeyRates rates, ISpool spool, TimeProvider time)
{
    private const int MaximumBatch = 500;
    private const string IdempotencyHeader = "Idempotency-Key";

    internal void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder messages = api.MapGroup("/messages").WithTags("Messages");
        messages.MapPost("/", (Delegate)SendAsync).Demands(KeyScopes.Send)
            .Accepts<MessageRequest>("application/json").Produces<SubmittedView>(StatusCodes.Status202Accepted)
            .WithName("SendMessage").WithSummary("Send a message").WithDescription("Answered with 202 when the message is on disk.");
        messages.MapPost("/raw", (Delegate)SendRawAsync).Demands(KeyScopes.Send)
            .Accepts<RawMessageRequest>("application/json", "message/rfc822").Produces<SubmittedView>(StatusCodes.Status202Accepted)
            .WithMetadata(new QueryParameters("from", "to") { AreRepeatable = true })
            .WithName("SendRawMessage").WithSummary("Send a whole MIME message");
        messages.MapPost("/batch", (Delegate)SendBatchAsync).Demands(KeyScopes.Send)
            .Accepts<BatchRequest>("application/json").Produces<BatchView>()
            .WithName("SendBatch").WithSummary("Send up to 500 messages").WithDescription("Each message is taken or refused for itself; the answer has a result for each.");
        messages.MapGet("/", (Delegate)ListAsync).Demands(KeyScopes.Read).Produces<PageView<MessageView>>()
            .Takes([
                "tag", QueryParameters.Metadata, "recipient", "recipient_domain", "sender_domain", "state", "stream", "custom_id", "q", "from", "to", "limit", "cursor",
            ])
            .WithName("ListMessages").WithSummary("List messages, the newest first")
            .WithDescription("Filters: tag, metadata[KEY], recipient, recipient_domain, sender_domain, state, stream, custom_id, q, from, to; pages: limit, cursor.");
        messages.MapGet("/{id}", (Delegate)GetAsync).Demands(KeyScopes.Read).Produces<MessageView>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("GetMessage").WithSummary("A message, the state of each recipient, and what happened");
        messages.MapGet("/{id}/events", (Delegate)EventsAsync).Demands(KeyScopes.Read).Produces<PageView<EventView>>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("GetMessageEvents").WithSummary("What happened to a message, oldest first");
        messages.MapGet("/{id}/content", (Delegate)ContentAsync).Demands(KeyScopes.Read).Produces(StatusCodes.Status200OK, contentType: "message/rfc822")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("GetMessageContent").WithSummary("The message as it is sent").WithDescription("Kept until the last recipient's fate is known.");
        messages.MapPost("/{id}/cancel", (Delegate)CancelAsync).Demands(KeyScopes.Send).Produces<ChangedView>().ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("CancelMessage").WithSummary("Take back what is not yet sent");
        messages.MapPost("/{id}/reschedule", (Delegate)RescheduleAsync).Demands(KeyScopes.Send)
            .Accepts<RescheduleRequest>("application/json").Produces<ChangedView>().ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("RescheduleMessage").WithSummary("Move what was not tried yet to another time");
        api.MapGet("/events", (Delegate)AllEventsAsync).Demands(KeyScopes.Read).WithTags("Messages").Produces<PageView<EventView>>()
            .Takes("limit", "cursor")
            .WithName("ListEvents").WithSummary("All events behind one, oldest first").WithDescription("Ask again with cursor=next_cursor for what came since.");
    }

    private async Task<IResult> SendAsync(HttpContext context)
    {
        byte[] body = await context.Request.BodyAsync().ConfigureAwait(false);
        return await OnceAsync(context, body, 1, async (ids, mayBeStored) =>
        {
            (MessageRequest? request, Problem? problem) = ApiContext.Json(body, HttpJson.Default.MessageRequest);
            if (request is null)
            {
                return (problem!.Status, problem.ToUtf8());
            }

            SendOutcome outcome = await sender.SendAsync(context.Key(), request, ids[0], mayBeStored, context.RequestAborted).ConfigureAwait(false);
            return Answer(outcome, request.ScheduledAt);
        }).ConfigureAwait(false);
    }

    private async Task<IResult> SendRawAsync(HttpContext context)
    {
        byte[] body = await context.Request.BodyAsync().ConfigureAwait(false);
        return await OnceAsync(context, body, 1, async (ids, mayBeStored) =>
        {
            (RawMessageRequest? request, Problem? problem) = Raw(context, body);
            if (request is null)
            {
                return (problem!.Status, problem.ToUtf8());
            }

            var errors = new List<FieldError>();
            if (rawReader.Read(request, ids[0], time.GetUtcNow(), errors) is not { } read)
            {
                return Answer(SendOutcome.Refused(Problem.Invalid(errors)), null);
            }

            if (!context.Key().MaySendFrom(read.Facts.SenderDomain))
            {
                return Answer(SendOutcome.Refused(Problem.Forbidden($"The key may not send from {read.Facts.SenderDomain}.")), null);
            }

            ReadOnlySpan<byte> header = read.Content.AsSpan(0, Math.Max(0, HeaderFacts.FindEnd(read.Content)));
            if (!AuthorDomains.Allow(context.Key(), header) || !context.Key().MaySendFrom(SenderDomain(read.Facts.ReversePath)))
            {
                return Answer(SendOutcome.Refused(Problem.Forbidden("The key may not send under every name that From, Sender and the envelope give.")), null);
            }

            MessageFacts facts = read.Facts with { Credential = context.Key().Id };
            SendOutcome outcome = await sender.StoreAsync(ids[0], facts, read.Recipients, read.Content, mayBeStored, context.RequestAborted).ConfigureAwait(false);
            return Answer(outcome, facts.ScheduledAt);
        }).ConfigureAwait(false);
    }

    private async Task<IResult> SendBatchAsync(HttpContext context)
    {
        byte[] body = await context.Request.BodyAsync().ConfigureAwait(false);
        (BatchRequest? request, Problem? problem) = ApiContext.Json(body, HttpJson.Default.BatchRequest);
        if (request?.Messages is not { Count: >= 1 and <= MaximumBatch } messages)
        {
            return problem ?? Problem.Invalid("messages", $"A batch has 1 to {MaximumBatch} messages.");
        }

        // The gate has taken one.
        if (messages.Count > 1 && rates.Take(context.Key(), messages.Count - 1) is { } after)
        {
            return Problem.TooManyRequests(after);
        }

        return await OnceAsync(context, body, messages.Count, async (ids, mayBeStored) =>
        {
            // All at once: one commit of the spool takes all that wait.
            SendOutcome[] outcomes = await Task.WhenAll(messages.Select((message, i) => message is null
                ? Task.FromResult(SendOutcome.Refused(Problem.Invalid($"messages[{i}]", "A message is missing.")))
                : sender.SendAsync(context.Key(), message, ids[i], mayBeStored, context.RequestAborted).AsTask())).ConfigureAwait(false);
            var results = outcomes.Select((outcome, i) => outcome.Problem is { } refused
                ? new BatchItemView(i, refused.Status, null, refused)
                : new BatchItemView(i, StatusCodes.Status202Accepted, outcome.Id.ToString(), null)).ToList();
            int accepted = results.Count(result => result.Id is not null);
            return (StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(new BatchView(accepted, results.Count - accepted, results), HttpJson.Default.BatchView));
        }).ConfigureAwait(false);
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var errors = new List<FieldError>();
        QueueFilter filter = MessageQueries.Filter(context.Request.Query, errors);
        QueueCursor? cursor = MessageQueries.Cursor(context.Request.Query, errors);
        int limit = MessageQueries.Limit(context.Request.Query, errors);
        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        PageView<MessageView> page = await queries.ListAsync(context.Key(), filter, cursor, limit, context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(page, HttpJson.Default.PageViewMessageView);
    }

    private async Task<IResult> GetAsync(string id, HttpContext context) =>
        await queries.FindAsync(context.Key(), id, context.RequestAborted).ConfigureAwait(false) is { } message
            ? ApiContext.Answer(await queries.WholeAsync(message, context.RequestAborted).ConfigureAwait(false), HttpJson.Default.MessageView)
            : NoMessage();

    private async Task<IResult> EventsAsync(string id, HttpContext context)
    {
        if (await queries.FindAsync(context.Key(), id, context.RequestAborted).ConfigureAwait(false) is not { } message)
        {
            return NoMessage();
        }

        IReadOnlyList<SpoolEvent> events = await spool.EventsAsync(message.Id, context.RequestAborted).ConfigureAwait(false);
        return ApiContext.Answer(new PageView<EventView>([.. events.Select(Views.Event)]), HttpJson.Default.PageViewEventView);
    }

    private async Task<IResult> ContentAsync(string id, HttpContext context)
    {
        if (await queries.FindAsync(context.Key(), id, context.RequestAborted).ConfigureAwait(false) is not { HasContent: true } message)
        {
            return NoMessage();
        }

        try
        {
            SpoolContent content = await spool.OpenContentAsync(message, context.RequestAborted).ConfigureAwait(false);
            context.Response.RegisterForDisposeAsync(content);
            return Results.Stream(content.OpenStream(), "message/rfc822", $"{message.Id}.eml");
        }
        catch (SpoolException)
        {
            return NoMessage();
        }
    }

    private async Task<IResult> CancelAsync(string id, HttpContext context)
    {
        if (await queries.FindAsync(context.Key(), id, context.RequestAborted).ConfigureAwait(false) is not { } message)
        {
            return NoMessage();
        }

        long changed = await spool.ChangeAsync(
            new QueueFilter { MessageId = message.Id }, new QueueChange.Cancel("Canceled by its sender"), context.RequestAborted).ConfigureAwait(false);
        return Changed(changed, "Nothing of the message waits: it is sent, being sent, or was canceled before.");
    }

    private async Task<IResult> RescheduleAsync(string id, HttpContext context)
    {
        (RescheduleRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.RescheduleRequest).ConfigureAwait(false);
        if (request?.ScheduledAt is not { } at)
        {
            return problem ?? Problem.Invalid("scheduled_at", "The new time is missing.");
        }

        if (at < time.GetUtcNow() || at > time.GetUtcNow() + MessageSender.LongestDelay)
        {
            return Problem.Invalid("scheduled_at", $"The new time is from now to {MessageSender.LongestDelay.Days} days ahead.");
        }

        if (await queries.FindAsync(context.Key(), id, context.RequestAborted).ConfigureAwait(false) is not { } message)
        {
            return NoMessage();
        }

        long changed = await spool.ChangeAsync(new QueueFilter { MessageId = message.Id }, new QueueChange.Reschedule(at), context.RequestAborted).ConfigureAwait(false);
        return Changed(changed, "Nothing of the message can be moved: it was tried already, or is done.");
    }

    private async Task<IResult> AllEventsAsync(HttpContext context)
    {
        var errors = new List<FieldError>();
        int limit = MessageQueries.Limit(context.Request.Query, errors);
        string text = context.Request.Query["cursor"].ToString();
        long after = 0;
        if (text.Length > 0 && !long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out after))
        {
            errors.Add(new FieldError("cursor", "This is not a cursor of an answer."));
        }

        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        IReadOnlyList<SpoolEvent> events = await spool.EventsAfterAsync(after, limit, context.RequestAborted).ConfigureAwait(false);
        ApiKey key = context.Key();
        var view = new PageView<EventView>(
            [.. events.Where(happened => key.MaySendFrom(happened.Message?.SenderDomain ?? string.Empty)).Select(Views.Event)],
            (events.Count == 0 ? after : events[^1].Id).ToString(System.Globalization.CultureInfo.InvariantCulture));
        return ApiContext.Answer(view, HttpJson.Default.PageViewEventView);
    }

    /// <summary>Carries a request out, or repeats its first answer if it came before with the same <c>Idempotency-Key</c>.</summary>
    private async Task<IResult> OnceAsync(
        HttpContext context, byte[] body, int messages, Func<IReadOnlyList<MessageId>, bool, Task<(int Status, byte[] Body)>> carry)
    {
        MessageId[] ids = new MessageId[messages];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = sender.NewId();
        }

        string name = context.Request.Headers[IdempotencyHeader].ToString();
        if (name.Length == 0)
        {
            (int status, byte[] answer) = await carry(ids, false).ConfigureAwait(false);
            return new RawJson(status, answer);
        }

        if (name.Length > IdempotencyStore.LongestKey)
        {
            return Problem.Invalid(IdempotencyHeader, $"An idempotency key has at most {IdempotencyStore.LongestKey} characters.");
        }

        byte[] hash = SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes(context.Request.Path + "\n" + context.Request.QueryString + "\n"), .. body]);
        string keyId = context.Key().Id;
        IdempotencyClaim claim = await idempotency.ClaimAsync(keyId, name, hash, [.. ids.Select(id => id.ToString())], context.RequestAborted).ConfigureAwait(false);
        switch (claim.State)
        {
            case IdempotencyState.Repeat:
                context.Response.Headers["Idempotent-Replayed"] = "true";
                return new RawJson(claim.Status, claim.Body!);
            case IdempotencyState.OtherRequest:
                return Problem.Conflict("The Idempotency-Key was used for another request.");
            case IdempotencyState.Running:
                return Problem.Conflict("The same request is being carried out; try again in a second.") with { RetryAfter = TimeSpan.FromSeconds(1) };
            default:
                break;
        }

        bool isKnown = claim.Ids[0] != ids[0].ToString();
        try
        {
            (int status, byte[] answer) = await carry([.. claim.Ids.Select(MessageId.Parse)], isKnown).ConfigureAwait(false);
            if (status < StatusCodes.Status300MultipleChoices)
            {
                await idempotency.CompleteAsync(keyId, name, claim, status, answer).ConfigureAwait(false);
            }
            else if (status < StatusCodes.Status500InternalServerError)
            {
                await idempotency.ForgetAsync(keyId, name, claim).ConfigureAwait(false);
            }

            return new RawJson(status, answer);
        }
        finally
        {
            idempotency.Release(keyId, name, claim);
        }
    }

    /// <summary>A raw message is JSON, or the message itself with its envelope in the query: <c>from</c>, <c>to</c>.</summary>
    private static (RawMessageRequest? Request, Problem? Problem) Raw(HttpContext context, byte[] body)
    {
        if (context.Request.ContentType?.StartsWith("message/rfc822", StringComparison.OrdinalIgnoreCase) != true)
        {
            return ApiContext.Json(body, HttpJson.Default.RawMessageRequest);
        }

        IQueryCollection query = context.Request.Query;
        return (new RawMessageRequest
        {
            ContentBase64 = Convert.ToBase64String(body),
            From = query["from"].ToString() is { Length: > 0 } from ? from : null,
            To = query["to"].Count > 0 ? [.. query["to"].Select(to => to ?? string.Empty)] : null,
        }, null);
    }

    private (int Status, byte[] Body) Answer(SendOutcome outcome, DateTimeOffset? scheduledAt) => outcome.Problem is { } problem
        ? (problem.Status, problem.ToUtf8())
        : (StatusCodes.Status202Accepted, JsonSerializer.SerializeToUtf8Bytes(
            new SubmittedView(outcome.Id.ToString(), scheduledAt > time.GetUtcNow() ? "scheduled" : "accepted"), HttpJson.Default.SubmittedView));

    private static string SenderDomain(string reversePath) => reversePath[(reversePath.LastIndexOf('@') + 1)..].ToLowerInvariant();

    private static Problem NoMessage() => Problem.NotFound("There is no message with this id.");

    private static IResult Changed(long changed, string whyNot) =>
        changed == 0 ? Problem.Conflict(whyNot) : ApiContext.Answer(new ChangedView(changed), HttpJson.Default.ChangedView);
}
