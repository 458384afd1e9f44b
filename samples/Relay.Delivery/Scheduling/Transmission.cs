using System.Text;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Sends the message of a lease over a connection, and says what became of each recipient.</summary>
internal sealed class Transmission(ISpool spool, MessageSigner signer, Func<DeliverySettings> settings, ILogger logger)
{
    // A header that is larger is no header; RFC 5322 names no limit, and 64 KB is what Postfix reads of one (header_size_limit, 102400).
    private const int LargestHeader = 128 * 1024;

    // An attempt, though the host has no part in it: so it grows old, and its sender hears of it if the disk does not get better.
    private static readonly Fate Unread = Fate.Failed(
        new Classification(false, BounceReason.System, new EnhancedStatus(4, 3, 0), false, false), Replies.Own(new EnhancedStatus(4, 3, 0), "The message cannot be read from the disk now"));

    /// <summary>
    /// Sends: (1) opens the content, (2) cuts loops, (3) makes what goes in front, (4) sends to all recipients, in as many transactions as the host's limits
    /// and the return paths ask for.
    /// </summary>
    /// <returns>The fates, in the order of the lease's recipients.</returns>
    /// <exception cref="SpoolException">The content will never be read: <see cref="SpoolFailure.Unreadable"/>.</exception>
    internal async Task<Fate[]> SendAsync(SiteConnection site, Lease lease, CancellationToken cancellationToken)
    {
        try
        {
            return await TrySendAsync(site, lease, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SpoolException { Failure: not SpoolFailure.Unreadable })
        {
            // Before anything was sent: a lack of rights or of open files, or an error of the disk. It may pass.
            DeliveryLog.NotRead(logger, lease.Message.Id, error.Message);
            var fates = new Fate[lease.Recipients.Count];
            Array.Fill(fates, Unread);
            return fates;
        }
    }

    private async Task<Fate[]> TrySendAsync(SiteConnection site, Lease lease, CancellationToken cancellationToken)
    {
        // (1)
        DeliverySettings current = settings();
        SpoolContent content = await spool.OpenContentAsync(lease.Message, cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            ReadOnlyMemory<byte> header = await HeaderAsync(content, cancellationToken).ConfigureAwait(false);
            var fates = new Fate[lease.Recipients.Count];

            // (2)
            if (HeaderScanner.Count(header.Span, "Received:"u8) > current.MaximumHops)
            {
                var loop = new Classification(true, BounceReason.Loop, new EnhancedStatus(5, 4, 6), false, false);
                Array.Fill(fates, Fate.Failed(loop, Replies.Own(loop.Status, $"The message has passed more than {current.MaximumHops} hosts: it goes round in a circle")));
                return fates;
            }

            // (3)
            MessageFacts facts = lease.Message.Facts;
            byte[] prefix = await signer.CreateAsync(
                header, content.OpenStream, facts.SenderDomain, lease.Message.Id.ToString(), lease.Message.AcceptedAt, cancellationToken).ConfigureAwait(false);

            // (4)
            await SendAsync(site, lease, content, prefix, current, fates, cancellationToken).ConfigureAwait(false);
            return fates;
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> HeaderAsync(SpoolContent content, CancellationToken cancellationToken)
    {
        if (content.IsMemory)
        {
            return content.Memory[..HeaderScanner.HeaderLength(content.Memory.Span)];
        }

        byte[] start = new byte[Math.Min(content.Length, LargestHeader)];
        int read = await content.OpenStream().ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return start.AsMemory(0, HeaderScanner.HeaderLength(start.AsSpan(0, read)));
    }

    private async Task SendAsync(
        SiteConnection site, Lease lease, SpoolContent content, byte[] prefix, DeliverySettings current, Fate[] fates, CancellationToken cancellationToken)
    {
        VerpAddress? verp = current.Verp is { } v && lease.Message.Facts.ReversePath.Length > 0 ? new VerpAddress(v.Domain, v.Key.Span) : null;
        List<int> open = [.. Enumerable.Range(0, fates.Length)];
        while (open.Count > 0)
        {
            // A return path of its own for each recipient is a transaction of its own.
            List<int> group = verp is null ? open : [open[0]];
            string from = verp is null ? lease.Message.Facts.ReversePath : verp.Create(lease.Message.Id.ToString(), lease.Recipients[group[0]].Index);
            Fill(site.Message.Envelope, lease, group, from);
            site.Message.Content = content.IsMemory
                ? MessageContent.FromMemory(JoinedSegment.Join(prefix, content.Memory))
                : MessageContent.FromStream(new PrefixedStream(prefix, content.OpenStream()), prefix.Length + content.Length);
            bool broke = await TransactAsync(site, lease, group, fates, cancellationToken).ConfigureAwait(false);
            site.Uses++;
            List<int> rest = verp is null ? TooMany(site.Result, group, fates) : [.. open.Skip(1)];
            if (broke || !site.Connection.IsUsable || rest.Count == open.Count)
            {
                for (int i = 0; i < rest.Count && verp is not null; i++)
                {
                    fates[rest[i]] = Fate.Untried(lease.Recipients[rest[i]].LastReply);
                }

                return;
            }

            open = rest;
        }
    }

    private static void Fill(OutgoingEnvelope envelope, Lease lease, List<int> group, string from)
    {
        MessageFacts facts = lease.Message.Facts;
        envelope.ReversePath = SmtpPath.Parse(from);

        // 7BIT is also what a client says that says nothing: it is found out anew.
        envelope.Body = facts.Body == BodyType.SevenBit ? null : facts.Body;
        envelope.SmtpUtf8 = facts.SmtpUtf8;
        envelope.RequireTls = facts.RequireTls;
        envelope.Return = facts.Return;
        envelope.EnvelopeId = Encoding.ASCII.GetBytes(facts.EnvelopeId);
        envelope.Recipients.Clear();
        foreach (int i in group)
        {
            StoredRecipient recipient = lease.Recipients[i];
            envelope.Recipients.Add(new EnvelopeRecipient(
                SmtpPath.Parse(recipient.ForwardPath),
                recipient.Notify,
                recipient.OriginalRecipient.Length == 0 ? default : Encoding.UTF8.GetBytes(recipient.OriginalRecipient)));
        }
    }

    /// <returns>Whether the connection is of no more use.</returns>
    private async Task<bool> TransactAsync(SiteConnection site, Lease lease, List<int> group, Fate[] fates, CancellationToken cancellationToken)
    {
        string problem = string.Empty;
        bool broke = false;
        bool isCancelled = false;
        bool isUnread = false;
        Classification failure = default;
        try
        {
            await site.Connection.SendAsync(site.Message, site.Result, cancellationToken).ConfigureAwait(false);
        }
        catch (SmtpTransportException error)
        {
            broke = true;
            failure = ReplyClassifier.Of(error.Failure);
            problem = error.Failure == TransportFailure.TimedOut ? $"No answer in time ({error.Stage})" : $"The connection was lost ({error.Stage})";
        }
        catch (SmtpReplyException error)
        {
            broke = true;
            failure = ReplyClassifier.Soft(BounceReason.Protocol, 5, 0, isSiteWide: false);
            problem = $"The host broke the protocol ({error.Violation}, {error.Stage})";
        }
        catch (OperationCanceledException)
        {
            broke = true;
            isCancelled = true;
        }
        catch (IOException error)
        {
            // Not the connection's, which would be another exception: the content broke off while it was read.
            DeliveryLog.NotRead(logger, lease.Message.Id, error.Message);
            broke = true;
            isUnread = true;
            failure = Unread.Failure;
        }

        bool leavesDsn = !site.Connection.Peer.Offers(SmtpExtensions.Dsn);
        TransactionReport report = site.Result.Recipients;
        for (int i = 0; i < group.Count; i++)
        {
            fates[group[i]] = FateOf(report[i], lease.Recipients[group[i]], report.Count) with { Stage = report[i].Stage };
        }

        return broke;

        Fate FateOf(RecipientReport recipient, StoredRecipient stored, int count)
        {
            if (isUnread && recipient.Outcome != DeliveryOutcome.Accepted && recipient.Reply.Code < 400)
            {
                return Unread;
            }

            switch (recipient.Outcome)
            {
                case DeliveryOutcome.Accepted:
                    return Fate.Delivered(Replies.Of(recipient.Reply, site.Host), leavesDsn);
                case DeliveryOutcome.Uncertain:
                    return Fate.Failed(
                        ReplyClassifier.Soft(BounceReason.Network, 4, 2, isSiteWide: false),
                        new RecipientReply(0, "4.4.2", "The connection was lost before the host said whether it took the message: it may arrive twice", site.Host)) with
                    {
                        IsUncertain = true,
                    };
                case DeliveryOutcome.Pending:
                    return Fate.Untried(stored.LastReply);
            }

            if (recipient.Refusal != SendRefusal.None)
            {
                Classification refused = ReplyClassifier.Of(recipient.Refusal);
                return Fate.Failed(refused, new RecipientReply(0, refused.Status.ToString(), recipient.Refusal.ToText(), site.Host));
            }

            if (!recipient.Reply.IsNone)
            {
                RecipientReply reply = Replies.Of(recipient.Reply, site.Host);
                return Fate.Failed(ReplyClassifier.Of(reply.Code, recipient.Reply.Status, reply.Text, recipient.Stage, count), reply);
            }

            // A stop breaks the sending off; that is no attempt of the message's.
            return isCancelled
                ? Fate.Untried(stored.LastReply)
                : Fate.Failed(failure, new RecipientReply(0, failure.Status.ToString(), problem, site.Host));
        }
    }

    /// <summary>Recipients that were only too many for one transaction (RFC 5321 §4.5.3.1.10), where others were taken: they go in another one at once.</summary>
    private static List<int> TooMany(SendResult result, List<int> group, Fate[] fates)
    {
        if (result.Recipients.CountOf(DeliveryOutcome.Accepted) == 0)
        {
            return [];
        }

        var rest = new List<int>();
        for (int i = 0; i < group.Count; i++)
        {
            RecipientReport report = result.Recipients[i];
            if (report.Refusal == SendRefusal.TooManyRecipients
                || (report.Stage == SmtpStage.Recipient && report.Reply.Code == 452 && fates[group[i]].Failure.Reason == BounceReason.RateLimit))
            {
                rest.Add(group[i]);
            }
        }

        return rest;
    }
}
