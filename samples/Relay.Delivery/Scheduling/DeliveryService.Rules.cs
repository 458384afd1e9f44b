using Relay.Spool;

namespace Relay.Delivery;

/// <content>What rules and source addresses make of a lease's way and end.</content>
public sealed partial class DeliveryService
{
    // Long enough for the store to have what became of the message, and short enough for its reader.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, (long Since, TimeSpan Time, string Reason)> _suspended = new(StringComparer.Ordinal);

    /// <summary>Applies the first rule that fits to each failure: orders to the site, and another fate for the recipient.</summary>
    private void Judge(Site site, Job job, Fate[] fates)
    {
        DeliveryRule? told = null;
        for (int i = 0; i < fates.Length; i++)
        {
            Fate fate = fates[i];
            if (fate.State is not (RecipientState.Queued or RecipientState.Bounced) || !fate.WasAttempted || fate.Failure.Reason == BounceReason.Poison)
            {
                continue;
            }

            var subject = new RuleSubject(
                fate.Reply.Code, fate.Failure.Status, fate.Reply.Text, fate.Stage, fate.Failure.Reason, job.Lease.Destination, job.Path.Resolution.Hosts);
            if (_rules.Find(subject) is not { } rule)
            {
                continue;
            }

            if (rule != told)
            {
                told = rule;
                DeliveryLog.RuleApplied(_logger, site.Key, rule.Line, rule.Source, fate.Reply.Text);
                Order(site, job, rule, fate);
            }

            fates[i] = Change(fate, rule, job.Path.Source is not null);
        }
    }

    private void Order(Site site, Job job, DeliveryRule rule, Fate fate)
    {
        if (rule.Order is { } order)
        {
            site.Obey(order);
        }

        if (rule.ChangeAddress is { } aside && job.Path.Source is { } source)
        {
            _sources.SetAside(source, CapSite(job.Path), aside);
        }

        if (rule.Suspend is { } rest)
        {
            // From whatever address: another one would have to find out again what this one was told.
            string reason = $"by the rule of line {rule.Line}: {fate.Reply.Text}";
            _suspended[site.Name] = (_spool.Clock.GetTimestamp(), rest, reason);
            _store.SetSuspended(site.Name, _spool.Clock.GetUtcNow(), rest, reason);
            foreach (Site other in _sites.Values)
            {
                if (other.Name == site.Name)
                {
                    other.Rest(rest, reason);
                }
            }
        }
    }

    private static Fate Change(Fate fate, DeliveryRule rule, bool hasAddresses)
    {
        if (rule.Bounces)
        {
            return fate with
            {
                State = RecipientState.Bounced,
                Failure = fate.Failure with { IsPermanent = true, Status = fate.Failure.Status with { Class = 5 } },
            };
        }

        bool changesAddress = rule.ChangeAddress is not null && hasAddresses;
        if (rule.Defers || changesAddress)
        {
            fate = fate with
            {
                State = RecipientState.Queued,
                Failure = fate.Failure with { IsPermanent = false, Suppresses = false, Status = fate.Failure.Status with { Class = 4 } },
                Delay = rule.Delay ?? (changesAddress && rule.Suspend is null ? AtOnce : null),
            };
        }

        return fate.State == RecipientState.Queued && rule.Suspend is { } rest ? fate with { NotBefore = rest } : fate;
    }

    /// <summary>Takes what is left of a suspension for a site that is new to the memory.</summary>
    private Site Create(MailPath path)
    {
        var site = new Site(path, _owner);
        if (_suspended.TryGetValue(path.Site, out (long Since, TimeSpan Time, string Reason) held))
        {
            TimeSpan left = held.Time - _spool.Clock.GetElapsedTime(held.Since);
            if (left > TimeSpan.Zero)
            {
                site.Rest(left, held.Reason);
            }
            else
            {
                _suspended.TryRemove(path.Site, out _);
            }
        }

        return site;
    }

    /// <summary>Chooses the address that a lease leaves from. Null if there is none now; then the lease has ended.</summary>
    private MailPath? Depart(Lease lease, MailPath path)
    {
        if (_settings.Pools.For(lease.Message.Facts) is not { } pool)
        {
            return path;
        }

        if (_sources.Choose(pool, CapSite(path), path.Resolution, MessagesOf(lease), out Fate deferral) is { } source)
        {
            return path.From(source);
        }

        var fates = new Fate[lease.Recipients.Count];
        Array.Fill(fates, deferral);
        End(lease, fates);
        return null;
    }

    /// <summary>What was counted and not sent does not count.</summary>
    private void GiveBack(Job job, Fate[] fates)
    {
        if (job.Path.Source is { MessagesPerDay: not null } source && !Array.Exists(fates, f => f.State == RecipientState.Delivered || f.IsUncertain))
        {
            _sources.GiveBack(source, CapSite(job.Path), MessagesOf(job.Lease));
        }
    }

    /// <summary>A return path of its own for each recipient makes a message of each.</summary>
    private int MessagesOf(Lease lease) => _settings.Verp is not null && lease.Message.Facts.ReversePath.Length > 0 ? lease.Recipients.Count : 1;

    /// <summary>A policy makes no other site of the same hosts.</summary>
    private static string CapSite(MailPath path) => path.Site.EndsWith(" sts", StringComparison.Ordinal) ? path.Site[..^4] : path.Site;
}
