namespace Relay.Spool;

/// <summary>Ends a lease.</summary>
internal sealed class CompleteItem(Completion completion, BodyFiles files) : WriteItem<CompletionResult>
{
    internal override long Weight => 512 + completion.Notifications.Sum(n => 512L + n.Content.Memory.Length);

    internal override void Run(SpoolWriter writer)
    {
        Lease lease = completion.Lease;
        long key = lease.Message.Id.Key;

        // A lease is whole or lost: what another one has taken over since, or an operator, is theirs.
        if (!IsHeld(writer, lease, key))
        {
            SpoolLog.LeaseLost(writer.Options.Logger, lease.Message.Id, lease.Token);
            Result = CompletionResult.LeaseLost;
            return;
        }

        long now = writer.NowMilliseconds;
        int closed = 0;
        foreach (StoredRecipient recipient in lease.Recipients)
        {
            RecipientOutcome outcome = OutcomeOf(recipient);
            Store(writer, lease, recipient, outcome, now);
            closed += outcome.State >= RecipientState.Delivered ? 1 : 0;
        }

        MessageEnd.Close(writer, files, lease.Message.Id, closed);
        foreach (NewMessage notification in completion.Notifications)
        {
            EnqueueItem.Store(writer, notification);
        }

        foreach (Suppression suppression in completion.Suppressions)
        {
            SuppressionRow.Add(writer.Connection, suppression);
        }

        Result = CompletionResult.Stored;
    }

    private static bool IsHeld(SpoolWriter writer, Lease lease, long key)
    {
        Statement check = writer.Connection["SELECT 1 FROM recipients WHERE message = ?1 AND idx = ?2 AND lease = ?3 AND state = 2"];
        foreach (StoredRecipient recipient in lease.Recipients)
        {
            if (check.Bind(1, key).Bind(2, recipient.Index).Bind(3, lease.Token).Scalar() is null)
            {
                return false;
            }
        }

        return true;
    }

    private RecipientOutcome OutcomeOf(StoredRecipient recipient)
    {
        foreach (RecipientOutcome outcome in completion.Outcomes)
        {
            if (outcome.Index == recipient.Index)
            {
                return outcome;
            }
        }

        return new RecipientOutcome(recipient.Index, RecipientState.Queued, recipient.LastReply) { WasAttempted = false, NextAttemptAt = recipient.NextAttemptAt };
    }

    private static void Store(SpoolWriter writer, Lease lease, StoredRecipient recipient, RecipientOutcome outcome, long now)
    {
        MessageFacts facts = lease.Message.Facts;
        long key = lease.Message.Id.Key;
        int attempts = recipient.Attempts + (outcome.WasAttempted ? 1 : 0);
        bool isFinal = outcome.State >= RecipientState.Delivered;
        long nextAt = isFinal ? now : outcome.NextAttemptAt.ToUnixTimeMilliseconds();
        Lane lane = writer.Agenda.Find(writer.Connection, lease.Destination, facts.Stream, Lane.ClassOf(facts.Priority, isRetry: attempts > 0));
        writer.Connection[
            """
            UPDATE recipients SET state = ?1, lane = ?2, attempts = ?3, lost = 0, next_at = ?4, lease = 0, lease_until = 0, done_at = ?5,
                code = ?6, enhanced = ?7, reply = ?8, host = ?9, wish = (wish & ~?13) | ?10 WHERE message = ?11 AND idx = ?12
            """]
            .Bind(1, (long)outcome.State).Bind(2, lane.Id).Bind(3, attempts).Bind(4, nextAt).Bind(5, isFinal ? now : null)
            .Bind(6, outcome.Reply.Code).Bind(7, outcome.Reply.Enhanced).Bind(8, EventRow.Short(outcome.Reply.Text)).Bind(9, outcome.Reply.Host)
            .Bind(10, outcome.DelayNotified ? RecipientRow.DelayNotified : 0).Bind(11, key).Bind(12, recipient.Index)
            .Bind(13, outcome.WasAttempted ? RecipientRow.MustTry : 0).Execute();
        if (outcome.State == RecipientState.Quarantined)
        {
            Quarantine.Keep(writer, lease.Message.Id, outcome.Reply.Text);
        }

        if (outcome.State == RecipientState.Queued)
        {
            writer.Agenda.Enter(lane, nextAt);
            writer.HasNewWork |= nextAt <= now;
        }

        if (TypeOf(outcome) is { } type)
        {
            EventRow.Append(writer, now, key, recipient.Index, type, outcome.Reply, outcome.BounceClass, outcome.Reason, attempts, facts.ScheduledAt?.ToUnixTimeMilliseconds() ?? 0);
        }
    }

    private static SpoolEventType? TypeOf(RecipientOutcome outcome) => outcome.State switch
    {
        RecipientState.Queued => outcome.WasAttempted ? SpoolEventType.Deferred : null,
        RecipientState.Held => SpoolEventType.Held,
        RecipientState.Delivered => SpoolEventType.Delivered,
        RecipientState.Bounced => SpoolEventType.Bounced,
        RecipientState.Expired => SpoolEventType.Expired,
        RecipientState.Canceled => SpoolEventType.Canceled,
        RecipientState.Suppressed => SpoolEventType.Suppressed,
        RecipientState.Quarantined => SpoolEventType.Quarantined,
        _ => throw new InvalidOperationException($"{outcome.State} is no outcome."),
    };
}
