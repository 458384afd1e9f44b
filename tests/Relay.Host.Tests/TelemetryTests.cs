using System.Net;
using System.Text;
using Smtp.Interop;

namespace Relay.Host.Tests;

/// <summary>
/// The whole program beside a collector that keeps what it is sent, by OTLP. Alone, as spans and figures are the process's: those of other tests' relays would be
/// sent along.
/// </summary>
[Collection(nameof(TelemetryTests))]
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("http")]
    [InlineData("grpc")]
    public async Task Figures_traces_and_logs_reach_a_collector_and_an_attempt_is_in_the_trace_of_its_message(string protocol)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using Collector collector = await Collector.StartAsync(isGrpc: protocol == "grpc");
        int port = ProgramPort.Find();
        using var stop = new CancellationTokenSource();
        var output = new NotifyingWriter("Ctrl-C stops.");
        Task<int> running = RelayProgram.RunAsync(
            [
                "--Relay:HostName=relay.example.com", $"--Relay:Listen=127.0.0.1:{port}", "--Relay:Capture:Listen=127.0.0.1:0", "--Relay:Http:Listen=off",
                $"--Relay:DataPath={_folder["data"]}", $"--Relay:Telemetry:Endpoint={collector.Url}", $"--Relay:Telemetry:Protocol={protocol}", "--Relay:Telemetry:Interval=200ms",
            ],
            output, TextWriter.Null, stop.Token);
        await Task.WhenAny(output.Seen, running);

        string id;
        await using (Submitter submitter = await Submitter.GreetAsync(new IPEndPoint(IPAddress.Loopback, port)))
        {
            id = RunningRelay.IdOf(await submitter.SendAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray(), "b@example.net")).ToString();
        }

        // What is counted at one moment may be read by two collections.
        foreach (string name in (string[])["relay.delivery.latency", "relay.queue.depth", "relay.queue.oldest_age", "relay.delivery.attempts", "example.net", "smtp.server."])
        {
            await collector.UntilAsync("metrics", name, token);
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running);

        // Spans and logs are sent at the latest at the stop.
        byte[] traces = collector.All("traces");
        Assert.Contains(id, Encoding.Latin1.GetString(traces), StringComparison.Ordinal);
        byte[] accept = TraceIdOf(traces, "accept");
        Assert.Equal(accept, TraceIdOf(traces, "attempt"));
        string logs = Encoding.Latin1.GetString(collector.All("logs"));
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
}
