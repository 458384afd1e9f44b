using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Relay.Http;

/// <summary>Posts one delivery.</summary>
internal sealed class WebhookSender(HttpClient http, TimeProvider time)
{
    /// <summary>How long an answer may take.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    // As Standard Webhooks recommends: soon at first, then for more than a day.
    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(14),
    ];

    /// <summary>A client that follows no redirect, which could lead where no operator sent it, and keeps no cookies.</summary>
    /// <param name="allowPrivate">Whether it may connect to this machine and to private networks.</param>
    internal static HttpClient CreateClient(bool allowPrivate) => new(new SocketsHttpHandler
    {
        ConnectCallback = allowPrivate ? null : WebhookAddresses.ConnectAsync,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    })
    {
        Timeout = Timeout,
    };

    /// <summary>Tries a delivery once.</summary>
    /// <returns>The delivery as it stands then, and whether the endpoint is gone for good (410).</returns>
    internal async Task<(WebhookDelivery Delivery, bool IsGone)> TryAsync(Webhook webhook, WebhookDelivery delivery, CancellationToken cancellationToken)
    {
        HttpStatusCode? status = null;
        string? error = null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url);
            long timestamp = time.GetUtcNow().ToUnixTimeSeconds();
            request.Content = new ByteArrayContent(delivery.Payload);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("webhook-id", delivery.Name);
            request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
            request.Headers.Add("webhook-signature", WebhookSignature.Sign(webhook.Secret, delivery.Name, timestamp, delivery.Payload));
            request.Headers.Add("User-Agent", "Smtp.Core-Relay");

            // What the body says is nobody's business here.
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            status = response.StatusCode;
        }
        catch (HttpRequestException failure)
        {
            error = failure.InnerException is PrivateAddressException ? "PrivateAddress" : failure.HttpRequestError.ToString();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            error = "Timeout";
        }

        DateTimeOffset now = time.GetUtcNow();
        int attempts = delivery.Attempts + 1;
        bool isDone = status is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices;
        bool isGone = status == HttpStatusCode.Gone;
        WebhookDeliveryState state = isDone ? WebhookDeliveryState.Delivered
            : isGone || attempts > Delays.Length ? WebhookDeliveryState.Failed
            : WebhookDeliveryState.Pending;
        WebhookDelivery after = delivery with
        {
            State = state,
            Attempts = attempts,
            LastStatus = (int?)status,
            LastError = error,
            NextAt = state == WebhookDeliveryState.Pending ? now + Jittered(Delays[attempts - 1]) : delivery.NextAt,
            FinishedAt = state == WebhookDeliveryState.Pending ? null : now,
        };
        return (after, isGone);
    }

    // Endpoints that failed together must not be tried together.
    private static TimeSpan Jittered(TimeSpan delay) => delay * (0.9 + (Random.Shared.NextDouble() * 0.2));
}
