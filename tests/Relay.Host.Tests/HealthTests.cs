using System.Net;

namespace Relay.Host.Tests;

public sealed class HealthTests
{
    [Fact]
    public async Task A_relay_that_drains_is_alive_and_not_ready()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using var hop = await HangingHop.StartAsync();
        await using var relay = RunningRelay.Start($"--Relay:NextHop={hop.EndPoint}", "--Relay:GraceTime=1m");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{relay.Servers.Http!.EndPoint}") };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/ready", token)).StatusCode);
        await using (Submitter submitter = await Submitter.GreetAsync(relay.EndPoint))
        {
            Assert.StartsWith("250 ", await submitter.SendAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray(), "b@example.net"), StringComparison.Ordinal);
        }

        await hop.Connected;
        using var hurry = new CancellationTokenSource();
        Task stopping = relay.Servers.StopAsync(hurry.Token);
        HttpResponseMessage ready = await http.GetAsync("/health/ready", token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("draining", await ready.Content.ReadAsStringAsync(token));
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live", token)).StatusCode);
        await hurry.CancelAsync();
        await stopping;
    }

    /// <summary>Takes connections and says nothing: what is being sent to it is in flight as long as it likes.</summary>
    private sealed class HangingHop : IAsyncDisposable
    {
        private readonly System.Net.Sockets.TcpListener _listener = new(IPAddress.Loopback, 0);
        private System.Net.Sockets.Socket? _socket;

        internal IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

        internal Task Connected { get; private set; } = Task.CompletedTask;

        internal static Task<HangingHop> StartAsync()
        {
            var hop = new HangingHop();
            hop._listener.Start();
            hop.Connected = hop.TakeAsync();
            return Task.FromResult(hop);
        }

        public ValueTask DisposeAsync()
        {
            _socket?.Dispose();
            _listener.Stop();
            return default;
        }

        private async Task TakeAsync() => _socket = await _listener.AcceptSocketAsync();
    }
}
