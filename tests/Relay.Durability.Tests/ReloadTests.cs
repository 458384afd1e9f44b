using Relay.Spool;
using Smtp.Interop;

namespace Relay.Durability.Tests;

/// <summary>Settings that are changed while the relay runs, as an operator does: in its appsettings.json.</summary>
public sealed class ReloadTests
{
    private const string OtherRoute = "\"Routes\": { \"example.net\": \"127.0.0.1:PORT\" }";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_override_for_a_domain_holds_for_what_is_queued_and_a_wrong_one_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        string path = folder["appsettings.json"];
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        receiver.Start();

        // The domain must have TLS, and its host has none: mail waits.
        await WriteAsync(path, Overrides("\"RequireTls\": true"));
        using var relay = new RelayProcess(receiver.Port) { WorkingDirectory = folder.Path, Settings = ["--Logging:LogLevel:Relay.Host=Information"] };
        relay.Start();
        await relay.StartedAsync();
        await new Sender(relay.EndPoint, ledger).RunAsync(Token, 1);
        using SqliteSpool spool = SqliteSpool.Open(new SpoolOptions { Path = relay.SpoolPath, IsOwner = false });
        IReadOnlyList<QueueItem> deferred;
        while ((deferred = await spool.ListAsync(new QueueFilter { IsDeferred = true }, cancellationToken: Token)).Count == 0)
        {
            await Task.Delay(50, Token);
        }

        Assert.Contains("TLS", deferred[0].Recipient.LastReply.Text, StringComparison.Ordinal);

        // What is wrong is told, with its key, and what was in force stays; so does a file that is no JSON.
        await WriteAsync(path, Overrides("\"RequireTls\": \"perhaps\""));
        await OutputAsync(relay, "Relay:Delivery:Domains:example.net:RequireTls is \"perhaps\"; allowed is true or false");
        await WriteAsync(path, "{ \"Relay\": ");
        await OutputAsync(relay, "Failed to load configuration");
        Assert.Equal(0, ledger.Arrived);

        await WriteAsync(path, Overrides("\"MaximumConnections\": 1"));
        await relay.DrainAsync();
        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.Equal(1, ledger.Arrived);

        // A route for the domain: mail leaves by it from now on.
        await using var other = new Receiver(new Ledger());
        other.Start();
        await WriteAsync(path, $"{{ \"Relay\": {{ {OtherRoute.Replace("PORT", $"{other.Port}", StringComparison.Ordinal)} }} }}");
        await OutputAsync(relay, "The configuration was read again", times: 2);
        await new Sender(relay.EndPoint, ledger).RunAsync(Token, 1);
        await relay.DrainAsync();
        Assert.Equal(1, ledger.Arrived);
        Assert.Equal(0, await relay.StopAsync());
    }

    private static string Overrides(string setting) => $$"""{ "Relay": { "Delivery": { "Domains": { "example.net": { {{setting}} } } } } }""";

    /// <summary>Puts the whole file in place at once: half of one would be read, and told as wrong.</summary>
    private static async Task WriteAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path + ".new", text, Token);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static async Task OutputAsync(RelayProcess relay, string text, int times = 1)
    {
        while (relay.Output.Count(l => l.Contains(text, StringComparison.Ordinal)) < times)
        {
            await Task.Delay(50, Token);
        }
    }
}
