using System.Text;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// Makes of fates what the store keeps: states, the next attempt, notifications and suppressions, all in one transaction. So a notification is sent if and
/// only if the state that it tells of is stored.
/// </summary>
internal sealed class Booking(ISpool spool, Func<DeliverySettings> settings, DeliveryMetrics metrics, ILogger logger, Random random)
{
    // A store that fails is tried again; what was delivered meanwhile is not to be delivered again.
    private static readonly TimeSpan StorePause = TimeSpan.FromSeconds(1);

    /// <summary>Ends a lease. Waits as long as the store fails, until the cancellation.</summary>
    internal async Task CompleteAsync(Lease lease, Fate[] fates, CancellationToken cancellationToken)
    {
        Completion completion = await MakeAsync(lease, fates, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            try
            {
                CompletionResult result = await spool.CompleteAsync(completion, cancellationToken).ConfigureAwait(false);
                Tell(lease, fates, completion, isLost: result == CompletionResult.LeaseLost);
                return;
            }
            catch (SpoolException error)
            {
                DeliveryLog.NotBooked(logger, lease.Message.Id, error.Message);
                await Task.Delay(StorePause, spool.Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<Completion> MakeAsync(Lease lease, Fate[] fates, CancellationToken cancellationToken)
    {
        DeliverySettings current = settings();
        DateTimeOffset now = spool.Clock.GetUtcNow();
        var outcomes = new RecipientOutcome[fates.Length];
        List<Suppression>? suppressions = null;
        List<int>? failed = null;
        List<int>? delayed = null;
        List<int>? relayed = null;
        for (int i = 0; i < fates.Length; i++)
        {
            StoredRecipient recipient = lease.Recipients[i];
            Fate fate = fates[i] = Age(fates[i], lease, recipient, current, now);
            RecipientOutcome outcome = Outcome(fate, lease, recipient, current, now);
            string reversePath = lease.Message.Facts.ReversePath;
            if (fate.State is RecipientState.Bounced or RecipientState.Expired or RecipientState.Quarantined)
            {
                if (IsAddress(reversePath) && NotificationWriter.IsWanted(NotificationAction.Failed, recipient.Notify, reversePath))
                {
                    (failed ??= []).Add(i);
                }

                if (fate.Failure.Suppresses && current.Suppress && fate.State == RecipientState.Bounced)
                {
                    (suppressions ??= []).Add(new Suppression(recipient.ForwardPath, "bounce", Describe(fate.Reply), now, lease.Message.Id));
                }
            }
            else if (fate.State == RecipientState.Delivered)
            {
                if (fate.LeavesDsn && NotificationWriter.IsWanted(NotificationAction.Relayed, recipient.Notify, reversePath))
                {
                    (relayed ??= []).Add(i);
                }
            }
            else if (fate is { State: RecipientState.Queued, WasAttempted: true }
                && !recipient.DelayNotified
                && now - lease.Message.DueAt >= current.Retry.DelayNotice
                && NotificationWriter.IsWanted(NotificationAction.Delayed, recipient.Notify, reversePath))
            {
                (delayed ??= []).Add(i);
                outcome = outcome with { DelayNotified = true };
            }

            outcomes[i] = outcome;
        }

        if (failed is null && delayed is null && relayed is null)
        {
            return new Completion(lease, outcomes) { Suppressions = suppressions ?? [] };
        }

        var notifications = new List<NewMessage>();
        ReadOnlyMemory<byte> content = await ContentAsync(lease, cancellationToken).ConfigureAwait(false);
        Notify(NotificationAction.Failed, failed);
        Notify(NotificationAction.Delayed, delayed);
        Notify(NotificationAction.Relayed, relayed);
        return new Completion(lease, outcomes) { Suppressions = suppressions ?? [], Notifications = notifications };

        void Notify(NotificationAction action, List<int>? which)
        {
            if (which is not null)
            {
                notifications.Add(Notification(action, lease, fates, which, content, current, now));
            }
        }
    }

    /// <summary>What would be tried again and is too old is given up.</summary>
    private static Fate Age(Fate fate, Lease lease, StoredRecipient recipient, DeliverySettings current, DateTimeOffset now) =>
        fate is { State: RecipientState.Queued, WasAttempted: true } && current.Retry.IsOver(now - lease.Message.DueAt, recipient.Attempts + 1)
            ? fate with { State = RecipientState.Expired }
            : fate;

    private RecipientOutcome Outcome(Fate fate, Lease lease, StoredRecipient recipient, DeliverySettings current, DateTimeOffset now)
    {
        bool isFailure = fate.State is not RecipientState.Delivered && fate.WasAttempted;
        TimeSpan wait = !fate.WasAttempted ? fate.NotBefore : fate.Delay ?? current.Retry.Next(recipient.Attempts + 1, random);
        return new RecipientOutcome(recipient.Index, fate.State, fate.Reply)
        {
            NextAttemptAt = now + (wait > fate.NotBefore ? wait : fate.NotBefore),
            WasAttempted = fate.WasAttempted,
            BounceClass = !isFailure ? BounceClass.None : fate.Failure.IsPermanent ? BounceClass.Hard : BounceClass.Soft,
            Reason = fate.State == RecipientState.Quarantined ? "unreadable" : !isFailure ? string.Empty : fate.IsUncertain ? "unknown" : fate.Failure.Reason.ToWord(),
        };
    }

    private NewMessage Notification(
        NotificationAction action, Lease lease, Fate[] fates, List<int> which, ReadOnlyMemory<byte> content, DeliverySettings current, DateTimeOffset now)
    {
        MessageFacts facts = lease.Message.Facts;
        var recipients = new List<NotifiedRecipient>(which.Count);
        foreach (int i in which)
        {
            Fate fate = fates[i];
            StoredRecipient recipient = lease.Recipients[i];
            string status = action == NotificationAction.Relayed ? "2.0.0"
                : fate.State == RecipientState.Expired && fate.Failure.Status.IsNone ? "5.4.7"
                : action == NotificationAction.Failed ? (fate.Failure.Status with { Class = 5 }).ToString()
                : fate.Failure.Status.ToString();
            recipients.Add(new NotifiedRecipient(
                recipient.ForwardPath.Length > 0 ? recipient.ForwardPath : "unknown",
                recipient.OriginalRecipient,
                status.Length > 0 ? status : action == NotificationAction.Delayed ? "4.0.0" : "5.0.0",
                fate.Reply.Code == 0 ? string.Empty : Describe(fate.Reply),
                HostName(fate.Reply.Host),
                Explain(action, fate),
                now));
        }

        var message = new NotifiedMessage(lease.Message.Id.ToString(), facts.ReversePath, facts.EnvelopeId, facts.Return, lease.Message.AcceptedAt, content);
        DateTimeOffset? givenUpAt = action == NotificationAction.Delayed ? lease.Message.DueAt + current.Retry.MaximumAge : null;
        byte[] notification = new NotificationWriter(current.HostName, spool.Clock).Write(action, message, recipients, givenUpAt);
        return ToMessage(spool, notification, facts, current, action == NotificationAction.Failed ? "Undelivered mail returned to sender" : action.ToString());
    }

    /// <summary>Makes a message of a notification: from the null path, to who sent the message that it is about.</summary>
    internal static NewMessage ToMessage(ISpool spool, byte[] notification, MessageFacts about, DeliverySettings current, string subject) => new()
    {
        Id = spool.NewId(),
        Facts = new MessageFacts
        {
            ReversePath = string.Empty,
            Body = Ascii.IsValid(notification) ? BodyType.SevenBit : BodyType.EightBitMime,
            SmtpUtf8 = !Ascii.IsValid(about.ReversePath) || notification.AsSpan().IndexOf("message/global"u8) >= 0,
            SenderDomain = current.HostName.ToLowerInvariant(),
            From = $"MAILER-DAEMON@{current.HostName}",
            Subject = subject,
        },
        Recipients = [NewRecipient.Of(about.ReversePath) with { Notify = DsnNotify.Never }],
        Content = NewContent.FromMemory(notification),
    };

    private async ValueTask<ReadOnlyMemory<byte>> ContentAsync(Lease lease, CancellationToken cancellationToken)
    {
        try
        {
            SpoolContent content = await spool.OpenContentAsync(lease.Message, cancellationToken).ConfigureAwait(false);
            await using (content.ConfigureAwait(false))
            {
                if (content.IsMemory)
                {
                    return content.Memory;
                }

                // Of a large message only the header is returned: one octet more than is returned whole says that it is large.
                byte[] start = new byte[Math.Min(content.Length, NotificationWriter.LargestReturned + 1)];
                await content.OpenStream().ReadExactlyAsync(start, cancellationToken).ConfigureAwait(false);
                return start;
            }
        }
        catch (Exception error) when (error is SpoolException or IOException)
        {
            // That the message is gone is no reason to keep its sender in the dark.
            return ReadOnlyMemory<byte>.Empty;
        }
    }

    private void Tell(Lease lease, Fate[] fates, Completion completion, bool isLost)
    {
        // Below zero if an operator had it sent before its time.
        TimeSpan latency = TimeSpan.FromTicks(Math.Max(0, (spool.Clock.GetUtcNow() - lease.Message.DueAt).Ticks));
        for (int i = 0; i < fates.Length; i++)
        {
            Fate fate = fates[i];
            if (!fate.WasAttempted)
            {
                continue;
            }

            StoredRecipient recipient = lease.Recipients[i];
            string host = fate.Reply.Host.Length > 0 ? fate.Reply.Host : "no host";
            metrics.OnFate(fate, lease.Destination, latency, isDuplicate: fate.IsUncertain || (isLost && fate.State == RecipientState.Delivered));
            if (fate.State == RecipientState.Delivered)
            {
                DeliveryLog.Delivered(logger, lease.Message.Id, recipient.ForwardPath, host, recipient.Attempts + 1, latency.TotalSeconds, fate.Reply.Code, fate.Reply.Text);
            }
            else if (fate.State == RecipientState.Queued)
            {
                DeliveryLog.Deferred(
                    logger, lease.Message.Id, recipient.ForwardPath, host, recipient.Attempts + 1, completion.Outcomes[i].NextAttemptAt, Describe(fate.Reply));
            }
            else
            {
                DeliveryLog.Ended(logger, lease.Message.Id, recipient.ForwardPath, host, recipient.Attempts + 1, fate.State, fate.Failure.Reason.ToWord(), Describe(fate.Reply));
            }
        }
    }

    private static string Explain(NotificationAction action, Fate fate) => action switch
    {
        NotificationAction.Relayed => "passed on to a system that does not tell what becomes of it",
        NotificationAction.Delayed => fate.Reply.Code == 0 ? fate.Reply.Text : "not taken yet",
        _ when fate.State == RecipientState.Quarantined => "not sent, as the mail system's own copy of the message is damaged: " + fate.Reply.Text,
        _ when fate.State == RecipientState.Expired => "given up, as it could not be delivered in time" + (fate.Reply.Code == 0 ? ": " + fate.Reply.Text : string.Empty),
        _ => fate.Reply.Code == 0 ? fate.Reply.Text : "refused",
    };

    /// <summary>False for the null path, and for what a broken row has in the place of one.</summary>
    private static bool IsAddress(string reversePath) => SmtpPath.TryParse(reversePath, out SmtpPath path) && !path.IsNull;

    private static string Describe(RecipientReply reply) =>
        string.Join(' ', new[] { reply.Code == 0 ? string.Empty : reply.Code.ToString(System.Globalization.CultureInfo.InvariantCulture), reply.Enhanced, reply.Text }.Where(s => s.Length > 0));

    /// <summary>The name alone of <c>name[address]:port</c>.</summary>
    private static string HostName(string host)
    {
        int bracket = host.IndexOf('[', 1 <= host.Length ? 1 : 0);
        return bracket > 0 ? host[..bracket] : host;
    }
}
