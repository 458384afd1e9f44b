using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Smtp.Interop;

namespace Relay.Host.Tests;

/// <summary>The whole program beside a collector that keeps what it is sent, by OTLP over HTTP.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Figures_traces_and_logs_reach_a_collector_and_an_attempt_is_in_the_trace_of_its_message()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using var collector = new Collector();
        int port = ProgramPort.Find();
        using var stop = new CancellationTokenSource();
        var output = new NotifyingWriter("Ctrl-C stops.");
        Task<int> running = RelayProgram.RunAsync(
            [
                "--Relay:HostName=relay.example.com", $"--Relay:Listen=127.0.0.1:{port}", "--Relay:Capture:Listen=127.0.0.1:0", "--Relay:Http:Listen=off",
                $"--Relay:DataPath={_folder["data"]}", $"--Relay:Telemetry:Endpoint={collector.Url}", "--Relay:Telemetry:Protocol=http", "--Relay:Telemetry:Interval=200ms",
            ],
            output, TextWriter.Null, stop.Token);
        await Task.WhenAny(output.Seen, running);

        string id;
        await using (Submitter submitter = await Submitter.GreetAsync(new IPEndPoint(IPAddress.Loopback, port)))
        {
            id = RunningRelay.IdOf(await submitter.SendAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray(), "b@example.net")).ToString();
        }

        string metrics = await collector.UntilAsync("/v1/metrics", "relay.delivery.latency", token);
        Assert.Contains("relay.queue.depth", metrics, StringComparison.Ordinal);
        Assert.Contains("relay.queue.oldest_age", metrics, StringComparison.Ordinal);
        Assert.Contains("relay.delivery.attempts", metrics, StringComparison.Ordinal);
        Assert.Contains("example.net", metrics, StringComparison.Ordinal);
        Assert.Contains("smtp.server.", metrics, StringComparison.Ordinal);
        await stop.CancelAsync();
        Assert.Equal(0, await running);

        // Spans and logs are sent at the latest at the stop.
        byte[] traces = collector.All("/v1/traces");
        Assert.Contains(id, Encoding.Latin1.GetString(traces), StringComparison.Ordinal);
        byte[] accept = TraceIdOf(traces, "accept");
        Assert.Equal(accept, TraceIdOf(traces, "attempt"));
        string logs = Encoding.Latin1.GetString(collector.All("/v1/logs"));
        Assert.Contains($"{id} queued from", logs, StringComparison.Ordinal);
        Assert.Contains($"{id}: delivered to", logs, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The trace id of the span with a name: in the protocol (trace.proto) field 1 of a span, 16 octets, goes before its name, field 5.</summary>
    private static byte[] TraceIdOf(byte[] traces, string name)
    {
        int at = traces.AsSpan().IndexOf((byte[])[0x2A, (byte)name.Length, .. Encoding.ASCII.GetBytes(name)]);
        Assert.True(at > 0, $"There is no span {name}.");
        int start = traces.AsSpan(0, at).LastIndexOf((byte[])[0x0A, 16]);
        Assert.True(start >= 0);
        return traces[(start + 2)..(start + 18)];
    }

    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<(string Path, byte[] Body)> _bodies = new();
        private readonly SemaphoreSlim _arrived = new(0);

        internal Collector()
        {
            Url = $"http://127.0.0.1:{ProgramPort.Find()}/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _ = ServeAsync();
        }

        internal string Url { get; }

        internal byte[] All(string path) => [.. _bodies.Where(b => b.Path == path).SelectMany(b => b.Body)];

        /// <summary>Waits for a text in what came to a path.</summary>
        internal async Task<string> UntilAsync(string path, string text, CancellationToken cancellationToken)
        {
            while (true)
            {
                string all = Encoding.Latin1.GetString(All(path));
                if (all.Contains(text, StringComparison.Ordinal))
                {
                    return all;
                }

                await _arrived.WaitAsync(cancellationToken);
            }
        }

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    HttpListenerContext context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    _bodies.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                    context.Response.ContentType = "application/x-protobuf";
                    context.Response.Close();
                    _arrived.Release();
                }
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
