using System.Globalization;
using Microsoft.AspNetCore.Http;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Finds messages by what the API and the page ask for.</summary>
internal sealed class MessageQueries(ISpool spool)
{
    internal const int DefaultLimit = 25;
    internal const int MaximumLimit = 100;

    /// <summary>A message that a key may see; null if there is none.</summary>
    internal async ValueTask<StoredMessage?> FindAsync(ApiKey key, string id, CancellationToken cancellationToken) =>
        MessageId.TryParse(id, out MessageId messageId)
        && await spool.FindAsync(messageId, cancellationToken).ConfigureAwait(false) is { } message
        && key.MaySendFrom(message.Facts.SenderDomain)
            ? message
            : null;

    /// <summary>A message with its recipients and events.</summary>
    internal async ValueTask<MessageView> WholeAsync(StoredMessage message, CancellationToken cancellationToken) => Views.Message(
        message,
        await spool.RecipientsAsync(message.Id, cancellationToken).ConfigureAwait(false),
        await spool.EventsAsync(message.Id, cancellationToken).ConfigureAwait(false));

    /// <summary>Reads the filter of a query string.</summary>
    internal static QueueFilter Filter(IQueryCollection query, List<FieldError> errors)
    {
        RecipientState? state = null;
        bool? isDeferred = null;
        if (Text("state") is { } name)
        {
            if (name == Views.Deferred)
            {
                (state, isDeferred) = (RecipientState.Queued, true);
            }
            else if (Enum.TryParse(name, ignoreCase: true, out RecipientState parsed) && Enum.IsDefined(parsed) && !char.IsAsciiDigit(name[0]))
            {
                (state, isDeferred) = (parsed, parsed == RecipientState.Queued ? false : null);
            }
            else
            {
                errors.Add(new FieldError("state", "A state is scheduled, queued, deferred, held, delivered, bounced, expired, canceled, suppressed or quarantined."));
            }
        }

        return new QueueFilter
        {
            States = state is null ? null : [state.Value],
            IsDeferred = isDeferred,
            Tag = Text("tag"),
            ForwardPath = Text("recipient"),
            Destination = Text("recipient_domain") is { } domain ? DestinationName.OfDomain(domain) : null,
            SenderDomain = Text("sender_domain"),
            Stream = Text("stream"),
            CustomId = Text("custom_id"),
            Text = Text("q"),
            Metadata = Metadata(query, errors),
            From = Time("from"),
            To = Time("to"),
        };

        string? Text(string parameter) => query[parameter].ToString() is { Length: > 0 } text ? text : null;

        DateTimeOffset? Time(string parameter) => Text(parameter) is { } text ? ReadTime(parameter, text, errors) : null;
    }

    /// <summary>Reads a time of RFC 3339, or a date.</summary>
    internal static DateTimeOffset? ReadTime(string parameter, string text, List<FieldError> errors)
    {
        // Nothing is older than that, and what is reckoned back from it is still a time.
        if (Rfc3339.TryParse(text, mayBeDate: true, out DateTimeOffset time) && time >= DateTimeOffset.UnixEpoch)
        {
            return time;
        }

        errors.Add(new FieldError(parameter, Rfc3339.Expected));
        return null;
    }

    /// <summary>Reads <c>limit</c>.</summary>
    internal static int Limit(IQueryCollection query, List<FieldError> errors)
    {
        string text = query["limit"].ToString();
        if (text.Length == 0)
        {
            return DefaultLimit;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaximumLimit)
        {
            return limit;
        }

        errors.Add(new FieldError("limit", $"A limit is a number from 1 to {MaximumLimit}."));
        return DefaultLimit;
    }

    /// <summary>Reads <c>cursor</c>.</summary>
    internal static QueueCursor? Cursor(IQueryCollection query, List<FieldError> errors)
    {
        string text = query["cursor"].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        if (QueueCursor.TryParse(text, out QueueCursor cursor))
        {
            return cursor;
        }

        errors.Add(new FieldError("cursor", "This is not a cursor of an answer."));
        return null;
    }

    /// <summary>A page of messages, the newest first, each with all its recipients. A message is on it if one of its recipients fits.</summary>
    internal async ValueTask<PageView<MessageView>> ListAsync(
        ApiKey key, QueueFilter filter, QueueCursor? after, int limit, CancellationToken cancellationToken)
    {
        var messages = new List<StoredMessage>(limit);
        if (filter.SenderDomain is null && key.SenderDomains is [var only] && !only.StartsWith('.'))
        {
            // Found by the store, and not among all mail.
            filter = filter with { SenderDomain = only };
        }

        while (messages.Count < limit)
        {
            IReadOnlyList<QueueItem> items = await spool.ListAsync(filter, newestFirst: true, after, MaximumLimit, cancellationToken).ConfigureAwait(false);
            foreach (QueueItem item in items)
            {
                bool isNew = messages.Count == 0 || messages[^1].Id != item.Message.Id;
                if (isNew && messages.Count == limit)
                {
                    return await PageAsync(messages, after, cancellationToken).ConfigureAwait(false);
                }

                after = item.Cursor;
                if (isNew && key.MaySendFrom(item.Message.Facts.SenderDomain))
                {
                    messages.Add(item.Message);
                }
            }

            if (items.Count < MaximumLimit)
            {
                return await PageAsync(messages, null, cancellationToken).ConfigureAwait(false);
            }
        }

        return await PageAsync(messages, after, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<PageView<MessageView>> PageAsync(List<StoredMessage> messages, QueueCursor? next, CancellationToken cancellationToken)
    {
        var views = new List<MessageView>(messages.Count);
        foreach (StoredMessage message in messages)
        {
            views.Add(Views.Message(message, await spool.RecipientsAsync(message.Id, cancellationToken).ConfigureAwait(false)));
        }

        return new PageView<MessageView>(views, next?.ToString());
    }

    /// <summary><c>metadata[KEY]=VALUE</c></summary>
    private static KeyValuePair<string, string>? Metadata(IQueryCollection query, List<FieldError> errors)
    {
        KeyValuePair<string, string>? found = null;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in query)
        {
            if (QueryParameters.MetadataKey(name) is { } key)
            {
                if (found is not null)
                {
                    errors.Add(new FieldError(name, "One metadata field can be asked for at a time."));
                }

                found = new KeyValuePair<string, string>(key, value.ToString());
            }
        }

        return found;
    }
}
