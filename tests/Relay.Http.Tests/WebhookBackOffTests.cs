using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Relay.Http.Tests;

/// <summary>The retries of a webhook by a clock that the test moves.</summary>
public sealed class WebhookBackOffTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failing_endpoint_is_tried_ten_times_more_ever_later_and_then_given_up()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        await using var temporary = new TemporaryStore();
        var store = new WebhookStore(temporary.Store, time);
        Webhook webhook = await store.AddAsync(new Uri("https://example.com/hook"), [], 0, Cancellation);
        await store.TestAsync(webhook, Cancellation);
        using var endpoint = new Endpoint(HttpStatusCode.ServiceUnavailable);
        using var client = new HttpClient(endpoint);
        var sender = new WebhookSender(client, time);
        var waits = new List<TimeSpan>();
        DateTimeOffset start = time.GetUtcNow();
        while (true)
        {
            WebhookDelivery due = Assert.Single(store.Due(webhook.Id, 10));
            (WebhookDelivery after, bool isGone) = await sender.TryAsync(webhook, due, Cancellation);
            await store.FinishAsync([(due, after)], Cancellation);
            Assert.False(isGone);
            Assert.Equal(503, after.LastStatus);
            if (after.State == WebhookDeliveryState.Failed)
            {
                break;
            }

            TimeSpan wait = after.NextAt - time.GetUtcNow();
            waits.Add(wait);
            Assert.Empty(store.Due(webhook.Id, 10));
            time.Advance(wait - TimeSpan.FromMilliseconds(2));
            Assert.Empty(store.Due(webhook.Id, 10));
            time.Advance(TimeSpan.FromMilliseconds(4));
        }

        Assert.Equal(11, endpoint.Requests.Count);
        Assert.Single(endpoint.Requests.Select(request => request.Id).Distinct());
        Assert.Equal(11, endpoint.Requests.Select(request => request.Signature).Distinct().Count());
        double[] seconds = [5, 30, 120, 600, 1800, 3600, 7200, 18_000, 36_000, 50_400];
        Assert.Equal(seconds.Length, waits.Count);
        Assert.All(waits.Zip(seconds), wait => Assert.InRange(wait.First.TotalSeconds, wait.Second * 0.9, wait.Second * 1.1));
        Assert.True(time.GetUtcNow() - start > TimeSpan.FromDays(1));
        Assert.Empty(store.Due(webhook.Id, 10));

        // By hand it begins anew.
        Assert.True(await store.ReplayAsync(webhook.Id, store.Latest(webhook.Id, 1)[0].Id, Cancellation));
        Assert.Equal(0, Assert.Single(store.Due(webhook.Id, 10)).Attempts);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, true, false)]
    [InlineData(HttpStatusCode.NoContent, true, false)]
    [InlineData(HttpStatusCode.Redirect, false, false)]
    [InlineData(HttpStatusCode.NotFound, false, false)]
    [InlineData(HttpStatusCode.Gone, false, true)]
    public async Task What_an_answer_means(HttpStatusCode status, bool isDelivered, bool isGone)
    {
        var time = new FakeTimeProvider();
        await using var temporary = new TemporaryStore();
        var store = new WebhookStore(temporary.Store, time);
        Webhook webhook = await store.AddAsync(new Uri("https://example.com/hook"), [], 0, Cancellation);
        await store.TestAsync(webhook, Cancellation);
        using var endpoint = new Endpoint(status);
        using var client = new HttpClient(endpoint);

        (WebhookDelivery after, bool gone) = await new WebhookSender(client, time).TryAsync(webhook, store.Due(webhook.Id, 1)[0], Cancellation);

        Assert.Equal((isDelivered, isGone), (after.State == WebhookDeliveryState.Delivered, gone));
    }

    private sealed class Endpoint(HttpStatusCode status) : HttpMessageHandler
    {
        internal List<(string Id, string Signature)> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add((request.Headers.GetValues("webhook-id").Single(), request.Headers.GetValues("webhook-signature").Single()));
            return Task.FromResult(new HttpResponseMessage(status));
        }
    }
}
