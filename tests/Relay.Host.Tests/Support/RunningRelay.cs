using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Spool;
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
            "--Relay:HostName=relay.example.com", "--Relay:Listen=127.0.0.1:0", "--Relay:Capture:Listen=127.0.0.1:0", "--Relay:Http:Listen=127.0.0.1:0", $"--Relay:DataPath={_folder["data"]}", .. args,
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

    /// <summary>The id in a 250 of the relay's.</summary>
    internal static MessageId IdOf(string reply)
    {
        Assert.StartsWith("250 2.0.0 ", reply, StringComparison.Ordinal);
        return MessageId.Parse(reply.Split(' ')[2]);
    }

    /// <summary>Waits until nobody waits.</summary>
    internal async Task DrainAsync()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        long seen = 0;
        while (await Servers.Spool.FiguresAsync(token) is { Waiting: > 0 } or { Leased: > 0 })
        {
            await Servers.Spool.WaitForEventsAsync(seen, token);
            seen = (await Servers.Spool.EventsAfterAsync(seen, 1000, token))[^1].Id;
        }
    }

    /// <summary>Waits until a message's recipients are as they should be.</summary>
    internal async Task<IReadOnlyList<StoredRecipient>> UntilAsync(MessageId id, Func<StoredRecipient, bool> all)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        long seen = 0;
        while (true)
        {
            IReadOnlyList<StoredRecipient> recipients = await Servers.Spool.RecipientsAsync(id, token);
            if (recipients.All(all))
            {
                return recipients;
            }

            await Servers.Spool.WaitForEventsAsync(seen, token);
            seen = (await Servers.Spool.EventsAfterAsync(seen, 1000, token))[^1].Id;
        }
    }

    /// <summary>The one captured message, and its envelope; waits for delivery.</summary>
    internal async Task<(byte[] Content, JsonElement Envelope)> CapturedAsync()
    {
        await DrainAsync();
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
