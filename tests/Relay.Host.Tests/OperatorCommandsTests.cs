using System.Text.Json;
using Relay.Spool;

namespace Relay.Host.Tests;

/// <summary>The commands, beside a relay that runs over the same spool.</summary>
public sealed class OperatorCommandsTests
{
    private static readonly byte[] Content = "From: A <a@example.com>\r\nSubject: Hello\u001b[31m\r\n\r\nx\r\n"u8.ToArray();

    [Fact]
    public async Task Messages_are_listed_shown_held_released_retried_bounced_and_purged()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except("RCPT TO:<b@=450 4.2.1 Mailbox busy"));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));
        MessageId done = RunningRelay.IdOf(await submitter.SendAsync(Content, "c@example.net"));
        await relay.UntilAsync(id, r => r.IsDeferred && r.State == RecipientState.Queued);
        await relay.UntilAsync(done, r => r.IsFinal);

        string list = await RunAsync(relay, 0, "queue", "list");
        Assert.Contains($"{id} ", list, StringComparison.Ordinal);
        Assert.Contains("<a@example.com> to <b@example.net> deferred, 1 attempt, next", list, StringComparison.Ordinal);
        Assert.Contains("450 4.2.1", list, StringComparison.Ordinal);
        Assert.DoesNotContain(done.ToString(), list, StringComparison.Ordinal);
        Assert.Contains(done.ToString(), await RunAsync(relay, 0, "queue", "list", "--state", "delivered"), StringComparison.Ordinal);
        Assert.Equal(2, Lines(await RunAsync(relay, 0, "queue", "list", "--state", "all")));
        Assert.Equal(1, Lines(await RunAsync(relay, 0, "queue", "list", "--state", "all", "--newest", "--limit", "1")));
        Assert.Empty(await RunAsync(relay, 0, "queue", "list", "--destination", "example.org"));

        string show = await RunAsync(relay, 0, "queue", "show", id.ToString());
        Assert.Contains("Subject   Hello [31m", show, StringComparison.Ordinal);
        Assert.Contains("Deferred    <b@example.net>", show, StringComparison.Ordinal);
        using (var json = JsonDocument.Parse((await RunAsync(relay, 0, "queue", "list", "--json")).Split('\n')[0]))
        {
            Assert.Equal(id.ToString(), json.RootElement.GetProperty("id").GetString());
            Assert.Equal("queued", json.RootElement.GetProperty("recipient").GetProperty("state").GetString());
        }

        Assert.Equal("hold: 1 recipient", (await RunAsync(relay, 0, "queue", "hold", id.ToString(), "--reason", "look")).Trim());
        Assert.Contains("held", await RunAsync(relay, 0, "queue", "list", "--state", "held"), StringComparison.Ordinal);
        Assert.Equal("release: 1 recipient", (await RunAsync(relay, 0, "queue", "release", "--to", "b@example.net", "--state", "held")).Trim());
        await relay.UntilAsync(id, r => r.Attempts == 2 && r.State == RecipientState.Queued);
        Assert.Equal("retry: 1 recipient", (await RunAsync(relay, 0, "queue", "retry", "--deferred")).Trim());
        await relay.UntilAsync(id, r => r.Attempts == 3 && r.State == RecipientState.Queued);
        Assert.Equal("bounce: 1 recipient", (await RunAsync(relay, 0, "queue", "bounce", "--all", "--reason", "gone")).Trim());
        Assert.Equal(RecipientState.Bounced, Assert.Single(await relay.UntilAsync(id, r => r.IsFinal)).State);
        await relay.DrainAsync();

        await RunAsync(relay, 0, "queue", "purge", id.ToString());
        Assert.Contains("There is no message", await RunAsync(relay, 1, "queue", "show", id.ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Destinations_are_suspended_and_resumed()
    {
        await using var relay = RunningRelay.Start();
        await RunAsync(relay, 0, "destination", "suspend", "Example.NET", "--reason", "they asked");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));
        RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.org"));

        string list = await RunAsync(relay, 0, "destination", "list");
        Assert.Contains("1 example.net transactional", list, StringComparison.Ordinal);
        Assert.Contains("they asked", list, StringComparison.Ordinal);

        await RunAsync(relay, 0, "destination", "resume", "example.net");
        Assert.Equal(RecipientState.Delivered, Assert.Single(await relay.UntilAsync(id, r => r.IsFinal)).State);
        await RunAsync(relay, 1, "destination", "resume", "example.net");
    }

    [Fact]
    public async Task Suppressed_addresses_get_nothing()
    {
        await using var relay = RunningRelay.Start();
        await RunAsync(relay, 0, "suppression", "add", "b@example.net");
        Assert.StartsWith("b@example.net manual since ", await RunAsync(relay, 0, "suppression", "list"), StringComparison.Ordinal);
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));

        Assert.Equal(RecipientState.Suppressed, Assert.Single(await relay.UntilAsync(id, r => r.IsFinal)).State);
        await RunAsync(relay, 0, "suppression", "remove", "B@example.net");
        await RunAsync(relay, 1, "suppression", "remove", "b@example.net");
        Assert.Contains("is no mailbox", await RunAsync(relay, 1, "suppression", "add", "x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_makes_no_sense_is_told_and_changes_nothing()
    {
        await using var relay = RunningRelay.Start();
        Assert.Contains("Say which", await RunAsync(relay, 1, "queue", "purge"), StringComparison.Ordinal);
        Assert.Contains("is no message id", await RunAsync(relay, 1, "queue", "hold", "x"), StringComparison.Ordinal);
        Assert.Contains("allowed is waiting, all, scheduled", await RunAsync(relay, 1, "queue", "list", "--state", "x"), StringComparison.Ordinal);
        await RunAsync(relay, 1, "queue", "nonsense");
        const string Unknown = "01a20f9b35ab70008fe08d36241002e4";
        Assert.Contains($"There is no message \"{Unknown}\"", await RunAsync(relay, 1, "queue", "hold", Unknown), StringComparison.Ordinal);
        Assert.Contains($"There is no message \"{Unknown}\"", await RunAsync(relay, 1, "queue", "purge", Unknown, "--json"), StringComparison.Ordinal);
        Assert.Equal("--limit is \"-3\"; allowed is a whole number from 1.", (await RunAsync(relay, 1, "queue", "list", "--limit", "-3")).Trim());
        Assert.Equal("--limit is \"many\"; allowed is a whole number from 1.", (await RunAsync(relay, 1, "destination", "list", "--limit", "many")).Trim());
        Assert.Contains("--older-than is \"soon\"; allowed is a time", await RunAsync(relay, 1, "queue", "list", "--older-than", "soon"), StringComparison.Ordinal);
        Assert.Contains("\"no domain\" is no domain", await RunAsync(relay, 1, "destination", "suspend", "no domain"), StringComparison.Ordinal);
        var errors = new StringWriter();
        Assert.Equal(1, await RelayProgram.RunAsync(["queue", "list", "--Relay:Spool:Path=/nowhere"], TextWriter.Null, errors, TestContext.Current.CancellationToken));
        Assert.Contains("There is no spool in \"/nowhere\"", errors.ToString(), StringComparison.Ordinal);
    }

    private static int Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static async Task<string> RunAsync(RunningRelay relay, int code, params string[] command)
    {
        var output = new StringWriter();
        int exit = await RelayProgram.RunAsync([.. command, $"--Relay:Spool:Path={relay.Settings.SpoolPath}"], output, output, TestContext.Current.CancellationToken);
        Assert.True(exit == code, output.ToString());
        return output.ToString();
    }
}
