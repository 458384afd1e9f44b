using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// Tells webhooks of events. Two loops, neither of which mail waits for: one prepares deliveries from the event log, one sends them, each webhook by itself
/// and in a few requests at a time, so that a slow endpoint delays its own events only.
/// </summary>
internal sealed class WebhookDispatcher(ISpool spool, WebhookStore webhooks, WebhookSender sender, TimeProvider time, ILogger logger)
{
    private const int Batch = 500;
    private const int RequestsPerWebhook = 4;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Task> _sending = new(StringComparer.Ordinal);

    /// <summary>Runs both loops until they are stopped.</summary>
    internal Task RunAsync(CancellationToken stopping) => Task.WhenAll(LoopAsync(PrepareAsync, stopping), LoopAsync(SendAsync, stopping));

    private async Task LoopAsync(Func<CancellationToken, Task> step, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await step(stopping).ConfigureAwait(false);
                await Task.Delay(Pause, time, stopping).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception error)
            {
                HttpLog.WebhooksFailed(logger, error);
                await Task.Delay(AfterFailure, time, stopping).ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
            }
        }

        await Task.WhenAll(_sending.Values).ConfigureAwait(false);
    }

    private async Task PrepareAsync(CancellationToken stopping)
    {
        foreach (Webhook webhook in webhooks.All())
        {
            // A webhook that is switched off hears what it missed when it is switched on again.
            if (!webhook.IsEnabled)
            {
                continue;
            }

            Webhook current = webhook;
            IReadOnlyList<SpoolEvent> events;
            do
            {
                events = await spool.EventsAfterAsync(current.Cursor, Batch, stopping).ConfigureAwait(false);
                if (events.Count > 0)
                {
                    await webhooks.PrepareAsync(current, events, stopping).ConfigureAwait(false);
                    current = current with { Cursor = events[^1].Id };
                }
            }
            while (events.Count == Batch);
        }
    }

    private Task SendAsync(CancellationToken stopping)
    {
        foreach (Webhook webhook in webhooks.All())
        {
            if (webhook.IsEnabled && (!_sending.TryGetValue(webhook.Id, out Task? running) || running.IsCompleted))
            {
                _sending[webhook.Id] = Task.Run(() => SendAsync(webhook, stopping), CancellationToken.None);
            }
        }

        return Task.CompletedTask;
    }

    private async Task SendAsync(Webhook webhook, CancellationToken stopping)
    {
        try
        {
            List<WebhookDelivery> due = webhooks.Due(webhook.Id, Batch);
            foreach (WebhookDelivery[] group in due.Chunk(RequestsPerWebhook))
            {
                (WebhookDelivery Delivery, bool IsGone)[] attempted =
                    await Task.WhenAll(group.Select(delivery => sender.TryAsync(webhook, delivery, stopping))).ConfigureAwait(false);
                await webhooks.FinishAsync([.. group.Zip(attempted, (before, a) => (before, a.Delivery))], CancellationToken.None).ConfigureAwait(false);
                if (Array.Exists(attempted, a => a.IsGone))
                {
                    const string Why = "It answered 410 Gone.";
                    await webhooks.EnableAsync(webhook.Id, isEnabled: false, Why, CancellationToken.None).ConfigureAwait(false);
                    HttpLog.WebhookDisabled(logger, webhook.Id, Why);
                    return;
                }

                // An endpoint that fails now fails for the next event too: the rest waits for its turn instead of hammering it.
                if (Array.TrueForAll(attempted, a => a.Delivery.State != WebhookDeliveryState.Delivered))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was not written is tried again at the next start.
        }
        catch (Exception error)
        {
            HttpLog.WebhooksFailed(logger, error);
        }
    }
}
