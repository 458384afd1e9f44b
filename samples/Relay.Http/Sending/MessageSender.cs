using System.Globalization;
using System.Text;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Http;

/// <summary>Takes messages of the API and of the page into the spool.</summary>
internal sealed class MessageSender(
    ISpool spool, MessageComposer composer, TemplateStore templates, TemplateRenderer renderer, Tracker tracker, HttpSettings settings, TimeProvider time)
{
    // A store that is asked to wait for a year is mostly a wrong unit.
    internal static readonly TimeSpan LongestDelay = TimeSpan.FromDays(90);

    /// <summary>A new id.</summary>
    internal MessageId NewId() => spool.NewId();

    /// <summary>
    /// Takes a message: (1) its template is rendered, (2) its labels and wishes are checked, (3) it is composed, (4) it is stored. It is durable when this returns.
    /// </summary>
    /// <param name="key">The key that asks.</param>
    /// <param name="request">The request.</param>
    /// <param name="id">The id that it is to have.</param>
    /// <param name="mayBeStored">Whether an earlier try may have stored it under this id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async ValueTask<SendOutcome> SendAsync(ApiKey key, MessageRequest request, MessageId id, bool mayBeStored, CancellationToken cancellationToken)
    {
        // (1)
        var errors = new List<FieldError>();
        if (request.Template is not null)
        {
            request = await RenderAsync(request, errors).ConfigureAwait(false);
        }
        else if (request.Variables is not null)
        {
            errors.Add(new FieldError("variables", "Variables are for a template, and none is given."));
        }

        // (2)
        MessageLabels.Check(request.Tags, request.Metadata, request.CustomId, errors);
        MessagePriority priority = Priority(request.Priority, errors);
        CheckStream(request.Stream, errors);
        DateTimeOffset now = time.GetUtcNow();
        CheckSchedule(request.ScheduledAt, now, errors);
        request = Tracked(request, id, errors);
        if (errors.Count > 0)
        {
            return SendOutcome.Refused(Problem.Invalid(errors));
        }

        // (3)
        ComposedMessage? composed = composer.Compose(request, id.ToString(), now, errors);
        if (composed is null)
        {
            return SendOutcome.Refused(Problem.Invalid(errors));
        }

        if (!key.MaySendFrom(composed.SenderDomain))
        {
            return SendOutcome.Refused(Problem.Forbidden($"The key may not send from {composed.SenderDomain}."));
        }

        int end = HeaderFacts.FindEnd(composed.Content);
        HeaderLimits.Check(composed.Content.AsSpan(0, end < 0 ? composed.Content.Length : end), "headers", errors);
        if (errors.Count > 0)
        {
            return SendOutcome.Refused(Problem.Invalid(errors));
        }

        // (4)
        var facts = new MessageFacts
        {
            ReversePath = composed.ReversePath.ToString(),
            Body = composed.Is8Bit ? BodyType.EightBitMime : BodyType.SevenBit,
            SmtpUtf8 = composed.SmtpUtf8,
            Stream = request.Stream ?? MessageFacts.TransactionalStream,
            Priority = priority,
            Tags = request.Tags is null ? [] : [.. request.Tags.Distinct(StringComparer.Ordinal)],
            Metadata = request.Metadata ?? NoMetadata,
            CustomId = request.CustomId,
            Credential = key.Id,
            SenderDomain = composed.SenderDomain,
            From = composed.From,
            Subject = composed.Subject,
            Source = MessageSource.Api,
            IsTest = request.Test || request.Sandbox,
            TrackOpens = request.Track?.Opens ?? false,
            TrackClicks = request.Track?.Clicks ?? false,
            ScheduledAt = request.ScheduledAt > now ? request.ScheduledAt : null,
        };
        return await StoreAsync(id, facts, composed.Recipients, composed.Content, mayBeStored, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stores a message, with the trace field of this host in front (RFC 5321 §4.4).</summary>
    internal async ValueTask<SendOutcome> StoreAsync(
        MessageId id, MessageFacts facts, IReadOnlyList<SmtpPath> recipients, byte[] content, bool mayBeStored, CancellationToken cancellationToken)
    {
        try
        {
            if (mayBeStored && await spool.FindAsync(id, cancellationToken).ConfigureAwait(false) is not null)
            {
                return new SendOutcome(id, null);
            }

            byte[] received = Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"Received: by {settings.HostName} with HTTP\r\n\tid {id};\r\n\t{time.GetUtcNow().UtcDateTime:ddd, d MMM yyyy HH':'mm':'ss} +0000\r\n"));
            byte[] whole = new byte[received.Length + content.Length];
            received.CopyTo(whole, 0);
            content.CopyTo(whole, received.Length);
            await spool.EnqueueAsync(
                new NewMessage
                {
                    Id = id,
                    Facts = facts,
                    Recipients = [.. recipients.Select(path => NewRecipient.Of(path.ToString()))],
                    Content = NewContent.FromMemory(whole),
                },
                cancellationToken).ConfigureAwait(false);
            return new SendOutcome(id, null);
        }
        catch (SpoolException error)
        {
            return SendOutcome.Refused(Problem.Unavailable(error.Failure == SpoolFailure.NoSpace ? "The disk is full." : "The store fails; see the log of the relay."));
        }
    }

    private static readonly Dictionary<string, string> NoMetadata = [];

    private async ValueTask<MessageRequest> RenderAsync(MessageRequest request, List<FieldError> errors)
    {
        RequestedTemplate wanted = request.Template!;
        if (request.Subject is not null || request.Text is not null || request.Html is not null)
        {
            errors.Add(new FieldError("template", "A template makes subject, text and html: leave those out."));
            return request;
        }

        if (wanted.Name is null || templates.Find(wanted.Name, wanted.Version) is not { } template)
        {
            errors.Add(new FieldError("template.name", "There is no such template, or no such version of it."));
            return request with { Text = string.Empty };
        }

        RenderedTemplate? rendered = await renderer.RenderAsync(template, request.Variables, wanted.AllowMissing, errors).ConfigureAwait(false);
        return rendered is null ? request : request with { Subject = rendered.Subject, Text = rendered.Text, Html = rendered.Html };
    }

    private MessageRequest Tracked(MessageRequest request, MessageId id, List<FieldError> errors)
    {
        if (request.Track is not { } track || !(track.Opens || track.Clicks))
        {
            return request;
        }

        if ((request.To?.Count ?? 0) + (request.Cc?.Count ?? 0) + (request.Bcc?.Count ?? 0) != 1)
        {
            errors.Add(new FieldError("track", "A tracked message has one recipient: all of several would open the same image and links."));
        }

        if (request.Html is null)
        {
            errors.Add(new FieldError("track", "Only HTML can be tracked, and the message has none."));
            return request;
        }

        if (HtmlNesting.HasManyOpen(request.Html))
        {
            errors.Add(new FieldError("html", "It is nested too deeply to be tracked."));
            return request;
        }

        return request with { Html = tracker.Rewrite(request.Html, id, track.Opens, track.Clicks) };
    }

    private static MessagePriority Priority(string? text, List<FieldError> errors)
    {
        MessagePriority? priority = MessageLabels.PriorityOf(text ?? "normal");
        if (priority is null)
        {
            errors.Add(new FieldError("priority", "A priority is high, normal or low."));
        }

        return priority ?? MessagePriority.Normal;
    }

    private static void CheckStream(string? stream, List<FieldError> errors)
    {
        if (stream is not null && MessageLabels.CheckStream(stream) is { } wrong)
        {
            errors.Add(new FieldError("stream", wrong));
        }
    }

    internal static void CheckSchedule(DateTimeOffset? at, DateTimeOffset now, List<FieldError> errors)
    {
        if (at > now + LongestDelay)
        {
            errors.Add(new FieldError("scheduled_at", $"A message can wait for at most {LongestDelay.Days} days."));
        }
    }
}
