using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Spool;

namespace Relay.Http.Tests;

/// <summary>The service over a real spool, on a free port, with a delivery that does what the test says.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    internal const string Key = "the-key-of-the-tests";

    private readonly string _folder = Directory.CreateTempSubdirectory("relay-service-").FullName;
    private CancellationTokenSource _stopping = new();
    private readonly Func<Lease, StoredRecipient, RecipientOutcome> _deliver;
    private readonly Func<HttpSettings, HttpSettings> _adapt;
    private Task _delivering = Task.CompletedTask;

    private RunningService(Func<Lease, StoredRecipient, RecipientOutcome>? deliver, Func<HttpSettings, HttpSettings>? adapt)
    {
        _deliver = deliver ?? Delivered;
        _adapt = adapt ?? (settings => settings);
    }

    internal SqliteSpool Spool { get; private set; } = null!;

    internal RelayHttp Http { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    internal string CapturePath => Path.Combine(_folder, "captured");

    internal Uri Url => new($"http://{Http.EndPoint}");

    internal static async Task<RunningService> StartAsync(
        Func<Lease, StoredRecipient, RecipientOutcome>? deliver = null, Func<HttpSettings, HttpSettings>? adapt = null)
    {
        var service = new RunningService(deliver, adapt);
        await service.OpenAsync();
        return service;
    }

    /// <summary>Stops and starts again over the same files.</summary>
    internal async Task RestartAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    internal static RecipientOutcome Delivered(Lease lease, StoredRecipient recipient) =>
        new(recipient.Index, RecipientState.Delivered, new RecipientReply(250, "2.0.0", "Taken", "hop.example.net [192.0.2.1]"));

    internal HttpClient ClientOf(string? key)
    {
        var client = new HttpClient { BaseAddress = Url };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return client;
    }

    internal Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string json, string? idempotencyKey = null) => SendAsync(HttpMethod.Post, path, json, idempotencyKey);

    internal Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null, null);

    internal async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? json, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using HttpResponseMessage response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (text.Length == 0)
        {
            return (response.StatusCode, default);
        }

        using var document = JsonDocument.Parse(text);
        return (response.StatusCode, document.RootElement.Clone());
    }

    /// <summary>Sends a message; returns its id.</summary>
    internal async Task<string> SubmitAsync(string json)
    {
        (HttpStatusCode status, JsonElement body) = await PostAsync("/v1/messages", json);
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        return body.GetProperty("id").GetString()!;
    }

    /// <summary>Asks again and again until a message is in a state.</summary>
    internal async Task<JsonElement> UntilAsync(string id, string state)
    {
        while (true)
        {
            (HttpStatusCode status, JsonElement body) = await GetAsync($"/v1/messages/{id}");
            Assert.Equal(HttpStatusCode.OK, status);
            if (body.GetProperty("state").GetString() == state)
            {
                return body;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until all events are in the figures.</summary>
    internal async Task<JsonElement> FiguresAsync(string query, Func<JsonElement, bool> isThere)
    {
        while (true)
        {
            (HttpStatusCode status, JsonElement body) = await GetAsync($"/v1/stats{query}");
            Assert.Equal(HttpStatusCode.OK, status);
            if (isThere(body))
            {
                return body;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _stopping.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        Directory.CreateDirectory(CapturePath);
        Spool = SqliteSpool.Open(new SpoolOptions { Path = Path.Combine(_folder, "spool") });
        Http = await RelayHttp.OpenAsync(
            _adapt(new HttpSettings
            {
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                HostName = "relay.example.com",
                DataPath = Path.Combine(_folder, "spool"),
                CapturePath = CapturePath,
                BootstrapKey = Key,
                RequestsPerSecond = 100_000,
                WebhooksToPrivateAddresses = true,
            }),
            Spool,
            NullLoggerFactory.Instance,
            TimeProvider.System);
        await Http.StartAsync();
        Client = ClientOf(Key);
        _delivering = Task.Run(() => DeliverAsync(new SimulatingSpool(Spool), _stopping.Token));
    }

    private async Task CloseAsync()
    {
        await _stopping.CancelAsync();
        await _delivering;
        Client.Dispose();
        await Http.DisposeAsync();
        await Spool.DisposeAsync();
        _stopping.Dispose();
        _stopping = new CancellationTokenSource();
    }

    private async Task DeliverAsync(SimulatingSpool spool, CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                IReadOnlyList<Lease> leases = await spool.LeaseAsync(new LeaseRequest { Maximum = 100 }, stopping);
                if (leases.Count == 0)
                {
                    await spool.WaitForWorkAsync(stopping);
                    continue;
                }

                await Task.WhenAll(leases.Select(async lease =>
                    await spool.CompleteAsync(new Completion(lease, [.. lease.Recipients.Select(recipient => _deliver(lease, recipient))]), CancellationToken.None)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
