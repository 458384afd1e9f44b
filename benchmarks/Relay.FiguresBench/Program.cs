using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.FiguresBench;
using Relay.Http;
using Relay.Spool;

// /v1/stats over many events: fills a spool's event log, lets the service sum it up, checks the sums, and asks over HTTP. Usage: Relay.FiguresBench FOLDER EVENTS
// Without EVENTS it asks only, of a folder that an earlier run filled.
if (args.Length is not (1 or 2))
{
    Console.Error.WriteLine("Usage: Relay.FiguresBench FOLDER [EVENTS]");
    return 1;
}

const string Key = "the-key-of-the-bench";
const int Rounds = 20;
string folder = args[0];
long events = args.Length == 1 ? 0 : long.Parse(args[1], CultureInfo.InvariantCulture);
await SqliteSpool.Open(new SpoolOptions { Path = folder }).DisposeAsync();

var log = new MadeLog();
var watch = Stopwatch.StartNew();
if (events > 0)
{
    log.Fill(Path.Combine(folder, "spool.db"), events);
    Console.WriteLine($"{events:N0} events of {log.Counts[SpoolEventType.Accepted]:N0} messages written in {watch.Elapsed.TotalSeconds:N0} s");
}

await using SqliteSpool spool = SqliteSpool.Open(new SpoolOptions { Path = folder });
await using RelayHttp service = await RelayHttp.OpenAsync(
    new HttpSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), HostName = "relay.example.com", DataPath = folder, BootstrapKey = Key, RequestsPerSecond = 100_000 },
    spool,
    NullLoggerFactory.Instance,
    TimeProvider.System);
await service.StartAsync();
using var client = new HttpClient { BaseAddress = new Uri($"http://{service.EndPoint}") };
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
string all = $"from={DateTimeOffset.UtcNow.AddDays(-MadeLog.Days - 1):yyyy-MM-ddTHH:mm:ssZ}";

if (events > 0)
{
    watch.Restart();
    while (Total(await AskAsync($"/v1/stats?{all}"), "accepted") < log.Counts[SpoolEventType.Accepted] || !await IsWholeAsync())
    {
        if (watch.Elapsed > TimeSpan.FromMinutes(20))
        {
            Console.Error.WriteLine("Not summed up within 20 minutes.");
            return 1;
        }

        await Task.Delay(500);
    }

    Console.WriteLine($"summed up in {watch.Elapsed.TotalSeconds:N0} s: {events / watch.Elapsed.TotalSeconds:N0} events/s; figures take {new FileInfo(Path.Combine(folder, "http.db")).Length / 1048576} MB");
    await CheckAsync();
}

foreach (string query in (string[])
[
    $"/v1/stats?{all}", $"/v1/stats?{all}&interval=day", $"/v1/stats?{all}&interval=hour", $"/v1/stats?{all}&group_by=tag", $"/v1/stats?{all}&group_by=tag&interval=day",
    $"/v1/stats?{all}&group_by=sender_domain", $"/v1/stats?{all}&group_by=recipient_domain", $"/v1/stats?{all}&tag=s3-t4&interval=day",
    $"/v1/stats?{all}&tag=s3-t4&group_by=recipient_domain", $"/v1/stats?{all}&recipient_domain=d7.example", $"/v1/stats?{all}&recipient_domain=d7.example&group_by=tag",
    $"/v1/stats?{all}&sender_domain=s3.example&group_by=recipient_domain", $"/v1/stats?{all}&recipient_domain=d7.example&group_by=sender_domain",
    $"/v1/stats?{all}&sender_domain=s3.example&recipient_domain=d7.example&interval=hour", $"/v1/stats?{all}&sender_domain=s3.example&group_by=tag&interval=day",
    $"/v1/stats?{all}&tag=s3-t4&recipient_domain=d7.example&interval=hour", $"/v1/stats?{all}&group_by=recipient_domain&limit=1000", $"/v1/stats?{all}&group_by=recipient_domain&interval=day",
    $"/v1/stats?{all}&group_by=tag&interval=hour", $"/v1/stats?{all}&recipient_domain=d7.example&interval=hour",
    "/v1/stats", "/v1/stats?group_by=tag&interval=hour", "/v1/stats?group_by=recipient_domain&interval=hour", $"/v1/tags?{all}",
])
{
    var times = new List<double>();
    int octets = 0;
    for (int i = 0; i <= Rounds; i++)
    {
        watch.Restart();
        byte[] answer = await client.GetByteArrayAsync(new Uri(query, UriKind.Relative));
        if (i > 0)
        {
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        octets = answer.Length;
    }

    times.Sort();
    Console.WriteLine($"{times[times.Count / 2],7:N1} ms, worst {times[^1],7:N1} ms, {octets,9:N0} octets  {query.Replace(all, $"{MadeLog.Days} days", StringComparison.Ordinal)}");
}

return 0;

async Task<JsonElement> AskAsync(string query)
{
    using var document = JsonDocument.Parse(await client.GetByteArrayAsync(new Uri(query, UriKind.Relative)));
    return document.RootElement.Clone();
}

static long Total(JsonElement answer, string name) => answer.GetProperty("total").GetProperty(name).GetInt64();

async Task<bool> IsWholeAsync()
{
    JsonElement total = await AskAsync($"/v1/stats?{all}");
    return Total(total, "delivered") == log.Counts[SpoolEventType.Delivered] && Total(total, "complained") == log.Counts[SpoolEventType.Complained];
}

async Task CheckAsync()
{
    JsonElement total = await AskAsync($"/v1/stats?{all}");
    Demand(Total(total, "deferred"), log.Counts[SpoolEventType.Deferred], "deferred");
    Demand(Total(total, "bounced"), log.Counts[SpoolEventType.Bounced], "bounced");
    Demand(Total(total, "expired"), log.Counts[SpoolEventType.Expired], "expired");
    await CheckGroupsAsync("tag", log.AcceptedByTag);
    await CheckGroupsAsync("recipient_domain", log.AcceptedByDomain);
    Console.WriteLine("every sum is what was written: in all, by tag, by recipient domain");
}

async Task CheckGroupsAsync(string group, Dictionary<string, long> expected)
{
    int rows = 0;
    for (string? cursor = "0"; cursor is not null;)
    {
        JsonElement page = await AskAsync($"/v1/stats?{all}&group_by={group}&limit=1000&cursor={cursor}");
        Demand(page.GetProperty("groups").GetInt32(), expected.Count, group);
        cursor = page.TryGetProperty("next_cursor", out JsonElement next) ? next.GetString() : null;
        foreach (JsonElement row in page.GetProperty("data").EnumerateArray())
        {
            string name = row.GetProperty("name").GetString()!;
            Demand(row.GetProperty("accepted").GetInt64(), expected[name], name);
            rows++;
        }
    }

    Demand(rows, expected.Count, group);
}

static void Demand(long actual, long expected, string what)
{
    if (actual != expected)
    {
        throw new InvalidOperationException($"{what}: {actual} and not {expected}");
    }
}
