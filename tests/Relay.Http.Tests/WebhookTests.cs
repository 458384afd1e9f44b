using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Relay.Http.Tests;

public sealed class WebhookTests
{
    [Fact]
    public async Task Events_arrive_signed_and_a_failed_one_is_tried_again_under_the_same_id()
    {
        await using RunningService service = await RunningService.StartAsync();
        await using Receiver receiver = await Receiver.StartAsync(request => request == 0 ? 500 : 204);
        (HttpStatusCode status, JsonElement webhook) = await service.PostAsync("/v1/webhooks", $$"""{"url":"{{receiver.Url}}","types":["delivered"]}""");
        Assert.Equal(HttpStatusCode.Created, status);
        string secret = webhook.GetProperty("secret").GetString()!;

        string id = await service.SubmitAsync("""{"from":"shop@example.com","to":"a@example.net","text":"x","metadata":{"k":"v"}}""");
        Received first = await receiver.NextAsync();
        (_, JsonElement deliveries) = await service.GetAsync($"/v1/webhooks/{webhook.GetProperty("id").GetString()}/deliveries");
        long delivery = deliveries.GetProperty("data")[0].GetProperty("id").GetInt64();
        await service.PostAsync($"/v1/webhooks/{webhook.GetProperty("id").GetString()}/deliveries/{delivery}/replay", "{}");
        Received second = await receiver.NextAsync();

        Assert.Equal(first.Id, second.Id);
        byte[] key = Convert.FromBase64String(secret["whsec_".Length..]);
        foreach (Received received in (Received[])[first, second])
        {
            Assert.Equal(WebhookSignature.Sign(key, received.Id, long.Parse(received.Timestamp, System.Globalization.CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes(received.Body)), received.Signature);
        }

        using var body = JsonDocument.Parse(second.Body);
        Assert.Equal("message.delivered", body.RootElement.GetProperty("type").GetString());
        JsonElement data = body.RootElement.GetProperty("data");
        Assert.Equal(id, data.GetProperty("message_id").GetString());
        Assert.Equal("v", data.GetProperty("metadata").GetProperty("k").GetString());
        Assert.Equal("Taken", data.GetProperty("reply").GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_delivery_that_is_asked_for_anew_while_it_is_tried_is_made_anew()
    {
        using var replayed = new ManualResetEventSlim();
        await using RunningService service = await RunningService.StartAsync();
        await using Receiver receiver = await Receiver.StartAsync(_ =>
        {
            replayed.Wait(TestContext.Current.CancellationToken);
            return 204;
        });
        (_, JsonElement webhook) = await service.PostAsync("/v1/webhooks", $$"""{"url":"{{receiver.Url}}"}""");
        string path = $"/v1/webhooks/{webhook.GetProperty("id").GetString()}";
        await service.PostAsync($"{path}/test", "{}");
        Received first = await receiver.NextAsync();
        (_, JsonElement deliveries) = await service.GetAsync($"{path}/deliveries");
        (HttpStatusCode status, _) = await service.PostAsync($"{path}/deliveries/{deliveries.GetProperty("data")[0].GetProperty("id").GetInt64()}/replay", "{}");
        Assert.Equal(HttpStatusCode.Accepted, status);
        replayed.Set();

        Received second = await receiver.NextAsync();

        Assert.Equal(first.Id, second.Id);
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_switched_off()
    {
        await using RunningService service = await RunningService.StartAsync();
        await using Receiver receiver = await Receiver.StartAsync(_ => 410);
        (_, JsonElement webhook) = await service.PostAsync("/v1/webhooks", $$"""{"url":"{{receiver.Url}}"}""");
        string path = $"/v1/webhooks/{webhook.GetProperty("id").GetString()}";
        await service.PostAsync($"{path}/test", "{}");
        await receiver.NextAsync();

        JsonElement current;
        do
        {
            (_, current) = await service.GetAsync(path);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        while (current.GetProperty("enabled").GetBoolean());

        Assert.False(current.TryGetProperty("secret", out _));
        Assert.Contains("410", current.GetProperty("why_disabled").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_never_answers_does_not_slow_mail()
    {
        await using RunningService service = await RunningService.StartAsync();
        using var hole = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        hole.Start();
        await service.PostAsync("/v1/webhooks", $$"""{"url":"http://{{hole.LocalEndpoint}}/"}""");

        for (int i = 0; i < 20; i++)
        {
            await service.UntilAsync(await service.SubmitAsync("""{"from":"shop@example.com","to":"a@example.net","text":"x"}"""), "delivered");
        }
    }

    private sealed record Received(string Id, string Timestamp, string Signature, string Body);

    /// <summary>Somebody who is told of events.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly BlockingCollection<Received> _received = [];
        private readonly WebApplication _app;

        private Receiver(Func<int, int> answer)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            _app = builder.Build();
            _app.Urls.Add("http://127.0.0.1:0");
            int requests = 0;
            _app.MapPost("/hook", async (HttpContext context) =>
            {
                using var reader = new StreamReader(context.Request.Body);
                string body = await reader.ReadToEndAsync(context.RequestAborted);
                IHeaderDictionary headers = context.Request.Headers;
                _received.Add(new Received(headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, body));
                return Results.StatusCode(answer(Interlocked.Increment(ref requests) - 1));
            });
        }

        internal string Url => $"{_app.Urls.Single()}/hook";

        internal static async Task<Receiver> StartAsync(Func<int, int> answer)
        {
            var receiver = new Receiver(answer);
            await receiver._app.StartAsync();
            return receiver;
        }

        internal Task<Received> NextAsync() => Task.Run(() => _received.Take(TestContext.Current.CancellationToken));

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _received.Dispose();
        }
    }
}
