using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Smtp.Interop;

namespace Relay.Host.Tests;

/// <summary>A relay on free ports, with a data folder of its own.</summary>
internal sealed class RunningRelay : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private RunningRelay(string[] args, TimeProvider? time)
    {
        Settings = Tests.Settings.Read(
        [
            "--Relay:HostName=relay.example.com", "--Relay:Listen=127.0.0.1:0", "--Relay:Capture:Listen=127.0.0.1:0", $"--Relay:DataPath={_folder["data"]}", .. args,
        ]);
        Servers = new RelayServers(Settings, NullLoggerFactory.Instance, time ?? TimeProvider.System);
    }

    internal RelaySettings Settings { get; }

    internal RelayServers Servers { get; }

    internal IPEndPoint EndPoint => (IPEndPoint)Servers.EndPoints[0];

    internal string[] CapturedFiles => Directory.Exists(Settings.CapturePath) ? Directory.GetFiles(Settings.CapturePath) : [];

    internal static RunningRelay Start(params string[] args) => Start(null, args);

    internal static RunningRelay Start(TimeProvider? time, params string[] args)
    {
        var relay = new RunningRelay(args, time);
        relay.Servers.Start();
        return relay;
    }

    /// <summary>The one captured message, and its envelope.</summary>
    internal (byte[] Content, JsonElement Envelope) Captured()
    {
        string path = Assert.Single(CapturedFiles, file => file.EndsWith(".eml", StringComparison.Ordinal));
        using var envelope = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(path, ".json")));
        return (File.ReadAllBytes(path), envelope.RootElement.Clone());
    }

    public async ValueTask DisposeAsync()
    {
        await Servers.DisposeAsync();
        _folder.Dispose();
    }
}
