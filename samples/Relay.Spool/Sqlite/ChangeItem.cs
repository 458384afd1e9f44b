namespace Relay.Spool;

/// <summary>Does a <see cref="QueueChange"/> to some recipients, each of which is looked at again: it may have moved on since it was listed.</summary>
internal sealed class ChangeItem(IReadOnlyList<(long Message, int Index)> recipients, QueueChange change, BodyFiles files) : WriteItem<long>
{
    internal override void Run(SpoolWriter writer)
    {
        Result = 0;
        long now = writer.NowMilliseconds;
        Statement read = writer.Connection[
            """
            SELECT r.state, r.attempts, r.next_at, l.destination, l.stream, l.class, m.tail, m.scheduled_at
            FROM recipients r LEFT JOIN lanes l ON l.id = r.lane JOIN messages m ON m.key = r.message WHERE r.message = ?1 AND r.idx = ?2
            """];
        foreach ((long key, int index) in recipients)
        {
            if (!read.Bind(1, key).Bind(2, index).Step())
            {
                continue;
            }

            var state = (RecipientState)read.GetInt32(0);
            int attempts = read.GetInt32(1);
            (string destination, string stream, int @class) = (read.GetText(3), read.GetText(4), read.GetInt32(5));
            MessageId id = MessageId.Create(key, read.GetInt64(6));
            long scheduledAt = read.IsNull(7) ? 0 : read.GetInt64(7);
            read.Reset();
            if (Plan(state, attempts, now, scheduledAt) is not { } plan)
            {
                continue;
            }

            writer.Connection[
                "UPDATE recipients SET state = ?1, next_at = coalesce(?2, next_at), done_at = ?3, wish = wish | ?4 WHERE message = ?5 AND idx = ?6"]
                .Bind(1, (long)plan.State).Bind(2, plan.NextAt).Bind(3, plan.State >= RecipientState.Delivered ? now : null).Bind(4, plan.Wish)
                .Bind(5, key).Bind(6, index).Execute();
            if (plan.Reason.Length > 0)
            {
                // The operator's words in the place of a host's, with nothing left of those.
                writer.Connection["UPDATE recipients SET code = 0, enhanced = '', reply = ?1, host = '' WHERE message = ?2 AND idx = ?3"]
                    .Bind(1, EventRow.Short(plan.Reason)).Bind(2, key).Bind(3, index).Execute();
            }

            if (plan.State <= RecipientState.Queued && destination.Length > 0)
            {
                writer.Agenda.Enter(writer.Agenda.Find(writer.Connection, destination, stream, @class), plan.NextAt!.Value);
                writer.HasNewWork = true;
            }

            if (change is QueueChange.Reschedule to)
            {
                writer.Connection["UPDATE messages SET scheduled_at = ?1 WHERE key = ?2"].Bind(1, to.At.ToUnixTimeMilliseconds()).Bind(2, key).Execute();
            }

            var reply = new RecipientReply(0, string.Empty, plan.Reason, string.Empty);
            EventRow.Append(writer, now, key, index, plan.Event, reply, reason: "operator");
            MessageEnd.Close(writer, files, id, plan.State >= RecipientState.Delivered ? 1 : 0);
            Result++;
        }
    }

    /// <summary>What to do to a recipient; null for nothing.</summary>
    private Step? Plan(RecipientState state, int attempts, long now, long scheduledAt)
    {
        bool isWaiting = state <= RecipientState.Queued;
        bool isHeld = state == RecipientState.Held;
        RecipientState waiting = scheduledAt > now ? RecipientState.Scheduled : RecipientState.Queued;
        return change switch
        {
            QueueChange.Retry when isWaiting => new(RecipientState.Queued, now, SpoolEventType.Released, RecipientRow.MustTry, string.Empty),
            QueueChange.Hold hold when isWaiting => new(RecipientState.Held, null, SpoolEventType.Held, 0, hold.Reason),
            QueueChange.Release when isHeld => new(waiting, Math.Max(now, scheduledAt), SpoolEventType.Released, 0, string.Empty),
            QueueChange.Bounce bounce when isWaiting || isHeld =>
                new(RecipientState.Queued, now, SpoolEventType.Released, RecipientRow.MustBounce, bounce.Reason),
            QueueChange.Cancel cancel when isWaiting || isHeld => new(RecipientState.Canceled, null, SpoolEventType.Canceled, 0, cancel.Reason),
            QueueChange.Reschedule to when isWaiting && attempts == 0 => new(
                to.At.ToUnixTimeMilliseconds() > now ? RecipientState.Scheduled : RecipientState.Queued,
                Math.Max(now, to.At.ToUnixTimeMilliseconds()), SpoolEventType.Scheduled, 0, string.Empty),
            _ => null,
        };
    }

    private sealed record Step(RecipientState State, long? NextAt, SpoolEventType Event, int Wish, string Reason);
}
