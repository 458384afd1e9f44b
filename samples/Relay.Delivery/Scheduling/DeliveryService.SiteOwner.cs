using System.Diagnostics;
using Relay.Spool;

namespace Relay.Delivery;

/// <content>What sites see of the service.</content>
public sealed partial class DeliveryService
{
    private sealed class SiteOwner(DeliveryService service, Transmission transmission) : ISiteOwner
    {
        public TimeProvider Time => service._spool.Clock;

        public Random Random => Random.Shared;

        public bool IsStopping => service._stopping.IsCancellationRequested;

        public CancellationToken Aborting => service._aborting.Token;

        public bool TryTakeConnection(int ownedBySite)
        {
            // A site always gets its first connection, however many others hang; no site gets more than half of all.
            int most = service._settings.MaximumConnections;
            if (ownedBySite > 0 && (Volatile.Read(ref service._connections) >= most || ownedBySite >= Math.Max(1, most / 2)))
            {
                return false;
            }

            Interlocked.Increment(ref service._connections);
            service.Metrics.OnConnections(1);
            return true;
        }

        public void ReturnConnection()
        {
            Interlocked.Decrement(ref service._connections);
            service.Metrics.OnConnections(-1);
        }

        public async Task<Opening> OpenAsync(MailPath path)
        {
            try
            {
                return await service._opener.OpenAsync(path, Aborting).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return new Opening(null, ReplyClassifier.Soft(BounceReason.Network, 4, 1, isSiteWide: false), new RecipientReply(0, "4.4.1", "Broken off, as the relay stops", string.Empty));
            }
            catch (Exception error)
            {
                DeliveryLog.NotOpened(service._logger, error, path.Key);
                return new Opening(null, ReplyClassifier.Soft(BounceReason.Other, 3, 0, isSiteWide: false), new RecipientReply(0, "4.3.0", "The relay failed to connect", string.Empty));
            }
        }

        public async Task<Fate[]> SendAsync(SiteConnection connection, Job job)
        {
            using Activity? activity = RelayTracing.StartAttempt(job.Lease, job.Path.Key);
            try
            {
                Fate[] fates = await transmission.SendAsync(connection, job.Lease, Aborting).ConfigureAwait(false);
                activity?.SetTag("relay.outcome", fates[0].State.ToString().ToLowerInvariant()).SetTag("smtp.response.code", fates[0].Reply.Code);
                return fates;
            }
            catch (OperationCanceledException)
            {
                return [.. job.Lease.Recipients.Select(r => Fate.Untried(r.LastReply))];
            }
            catch (SpoolException error) when (error.Failure == SpoolFailure.Unreadable)
            {
                return [.. job.Lease.Recipients.Select(_ => Fate.Quarantined(error.Message))];
            }
            catch (Exception error)
            {
                connection.Connection.Abort();
                return service.Crash(job.Lease, error);
            }
        }

        public void Judge(Site site, Job job, Fate[] fates) => service.Judge(site, job, fates);

        public void End(Job job, Fate[] fates)
        {
            service.GiveBack(job, fates);
            service.End(job.Lease, fates);
        }

        public void OnRoom()
        {
            if (service._room.CurrentCount == 0)
            {
                service._room.Release();
            }
        }

        public void OnSiteChanged(string site, SiteBackoff backoff)
        {
            if (backoff.State == SiteState.Resting)
            {
                DeliveryLog.Resting(service._logger, site, backoff.Remaining.TotalSeconds, backoff.Reason);
            }
            else
            {
                DeliveryLog.Recovered(service._logger, site);
            }
        }
    }
}
