using System.CommandLine;
using System.Globalization;
using Relay.Spool;

namespace Relay.Host;

/// <summary><c>queue list|show|retry|hold|release|bounce|cancel|purge</c></summary>
internal static class QueueCommands
{
    internal static Command Create(CommandContext context)
    {
        var queue = new Command("queue", "The queue, by recipients.")
        {
            List(context),
            Show(context),
            Change(context, "retry", "Tries again at once.", _ => new QueueChange.Retry()),
            Change(context, "hold", "Holds until released.", reason => new QueueChange.Hold(reason)),
            Change(context, "release", "Ends a hold.", _ => new QueueChange.Release()),
            Change(context, "bounce", "Returns to sender, with a notification.", reason => new QueueChange.Bounce(reason)),
            Change(context, "cancel", "Takes back, without a notification.", reason => new QueueChange.Cancel(reason)),
            Purge(context),
        };
        queue.Add(context.JsonOption);
        return queue;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists recipients, the oldest first: what waits, unless --state says otherwise.");
        var filters = new FilterOptions();
        filters.AddTo(command, isChange: false);
        var newest = new Option<bool>("--newest") { Description = "The newest first." };
        Option<int?> limit = NumberOption.Create("--limit", "How many at most; no limit by default.");
        command.Add(newest);
        command.Add(limit);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            long left = parsed.GetValue(limit) ?? long.MaxValue;
            foreach (QueueFilter filter in filters.Read(parsed, isChange: false, spool.Clock.GetUtcNow()))
            {
                QueueCursor? after = null;
                while (left > 0)
                {
                    int page = (int)Math.Min(left, CommandContext.PageSize);
                    IReadOnlyList<QueueItem> items = await spool.ListAsync(filter, parsed.GetValue(newest), after, page, cancellationToken).ConfigureAwait(false);
                    if (items.Count == 0)
                    {
                        break;
                    }

                    foreach (QueueItem item in items)
                    {
                        context.Write(parsed, View(item), () => Text(item));
                    }

                    left -= items.Count;
                    after = items[^1].Cursor;
                }
            }

            return 0;
        });
        return command;
    }

    private static Command Show(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "A message id." };
        var command = new Command("show", "Shows a message: its envelope, each recipient, and what happened.") { id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            if (!MessageId.TryParse(parsed.GetValue(id), out MessageId read) || await spool.FindAsync(read, cancellationToken).ConfigureAwait(false) is not { } message)
            {
                throw new RelayStartException($"There is no message \"{parsed.GetValue(id)}\".");
            }

            IReadOnlyList<StoredRecipient> recipients = await spool.RecipientsAsync(read, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<SpoolEvent> events = await spool.EventsAsync(read, cancellationToken).ConfigureAwait(false);
            MessageFacts facts = message.Facts;
            context.Write(
                parsed,
                new { id = read.ToString(), message.AcceptedAt, message.Size, message.HasContent, message.Facts },
                () => $"Message   {read}");
            if (!parsed.GetValue(context.JsonOption))
            {
                context.Line($"Accepted  {CommandContext.Time(message.AcceptedAt)} by {facts.Source}{(facts.Credential is { } who ? $" from {who}" : string.Empty)}, {message.Size} octets");
                context.Line($"From      <{facts.ReversePath}>, {facts.From}");
                context.Line($"Subject   {facts.Subject}");
                context.Line($"Stream    {facts.Stream}, priority {facts.Priority}{(facts.Tags.Count > 0 ? $", tags {string.Join(' ', facts.Tags)}" : string.Empty)}");
            }

            foreach (StoredRecipient recipient in recipients)
            {
                context.Write(parsed, View(recipient), () => "To        " + Text(recipient));
            }

            foreach (SpoolEvent one in events)
            {
                context.Write(
                    parsed,
                    new { one.Id, one.At, one.RecipientIndex, to = one.ForwardPath, @event = one.Type, one.Attempt, one.BounceClass, one.Reason, one.Reply },
                    () => $"{CommandContext.Time(one.At)}  {one.Type,-11} <{one.ForwardPath}> {Reply(one.Reply)}".TrimEnd());
            }

            return 0;
        });
        return command;
    }

    private static Command Change(CommandContext context, string name, string description, Func<string, QueueChange> change)
    {
        var command = new Command(name, description);
        var filters = new FilterOptions();
        filters.AddTo(command, isChange: true);
        var reason = new Option<string>("--reason") { Description = "Why, for the history.", DefaultValueFactory = _ => string.Empty };
        command.Add(reason);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            long changed = 0;
            foreach (QueueFilter filter in await ExistingAsync(spool, filters.Read(parsed, isChange: true, spool.Clock.GetUtcNow()), cancellationToken).ConfigureAwait(false))
            {
                changed += await spool.ChangeAsync(filter, change(parsed.GetValue(reason)!), cancellationToken).ConfigureAwait(false);
            }

            context.Write(parsed, new { command = name, recipients = changed }, () => $"{name}: {CommandContext.Count(changed, "recipient")}");
            return 0;
        });
        return command;
    }

    private static Command Purge(CommandContext context)
    {
        var command = new Command("purge", "Removes messages with all that is known of them, without a notification; not those that are being delivered.");
        var filters = new FilterOptions();
        filters.AddTo(command, isChange: true);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            long removed = 0;
            foreach (QueueFilter filter in await ExistingAsync(spool, filters.Read(parsed, isChange: true, spool.Clock.GetUtcNow()), cancellationToken).ConfigureAwait(false))
            {
                removed += await spool.PurgeAsync(filter, cancellationToken).ConfigureAwait(false);
            }

            context.Write(parsed, new { command = "purge", recipients = removed }, () => $"purge: {CommandContext.Count(removed, "recipient")}");
            return 0;
        });
        return command;
    }

    /// <summary>Messages that are named must be there, all of them, before anything is changed.</summary>
    private static async Task<IReadOnlyList<QueueFilter>> ExistingAsync(SqliteSpool spool, IReadOnlyList<QueueFilter> filters, CancellationToken cancellationToken)
    {
        foreach (QueueFilter filter in filters)
        {
            if (filter.MessageId is { } id && await spool.FindAsync(id, cancellationToken).ConfigureAwait(false) is null)
            {
                throw new RelayStartException($"There is no message \"{id}\".");
            }
        }

        return filters;
    }

    private static object View(QueueItem item) => new
    {
        id = item.Message.Id.ToString(),
        item.Message.AcceptedAt,
        item.Message.Size,
        from = item.Message.Facts.ReversePath,
        item.Message.Facts.Stream,
        item.Message.Facts.Tags,
        recipient = View(item.Recipient),
    };

    private static object View(StoredRecipient recipient) => new
    {
        recipient.Index,
        to = recipient.ForwardPath,
        recipient.Destination,
        recipient.State,
        recipient.Attempts,
        nextAttemptAt = recipient.IsFinal ? null : (DateTimeOffset?)recipient.NextAttemptAt,
        recipient.CompletedAt,
        lastReply = recipient.LastReply == RecipientReply.None ? null : recipient.LastReply,
    };

    private static string Text(QueueItem item) => string.Create(
        CultureInfo.InvariantCulture,
        $"{item.Message.Id} {CommandContext.Time(item.Message.AcceptedAt)} {item.Message.Size,8} <{item.Message.Facts.ReversePath}> to {Text(item.Recipient)}");

    private static string Text(StoredRecipient recipient) => string.Create(
        CultureInfo.InvariantCulture,
        $"<{recipient.ForwardPath}> {(recipient.IsDeferred ? "deferred" : recipient.State.ToString().ToLowerInvariant())}, {CommandContext.Count(recipient.Attempts, "attempt")}"
        + $"{(recipient.IsFinal ? string.Empty : $", next {CommandContext.Time(recipient.NextAttemptAt)}")} {Reply(recipient.LastReply)}").TrimEnd();

    private static string Reply(RecipientReply reply) => reply == RecipientReply.None
        ? string.Empty
        : string.Create(CultureInfo.InvariantCulture, $"{(reply.Host.Length > 0 ? $"{reply.Host}: " : string.Empty)}{(reply.Code > 0 ? $"{reply.Code} " : string.Empty)}{(reply.Enhanced.Length > 0 ? $"{reply.Enhanced} " : string.Empty)}{reply.Text}");
}
