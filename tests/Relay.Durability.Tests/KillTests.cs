namespace Relay.Durability.Tests;

/// <summary>Real processes, real kills: whatever was answered with 250 arrives.</summary>
public sealed class KillTests
{
    private const int Kills = 20;
    private const int Senders = 6;

    [Fact]
    public async Task Nothing_that_was_answered_with_250_is_lost_when_the_relay_is_killed_again_and_again()
    {
        var random = new Random(20260301);
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        receiver.Start();
        using var relay = new RelayProcess(receiver.Port);
        relay.Start();
        await relay.StartedAsync();
        using var stop = new CancellationTokenSource();
        Sender[] senders = [.. Enumerable.Range(0, Senders).Select(_ => new Sender(relay.EndPoint, ledger))];
        Task sending = Task.WhenAll(senders.Select(s => Task.Run(() => s.RunAsync(stop.Token))));

        for (int kill = 1; kill <= Kills; kill++)
        {
            // Each fifth while it starts: recovery must survive a kill too.
            if (kill % 5 != 0)
            {
                int before = ledger.Accepted;
                await relay.StartedAsync();
                while (ledger.Accepted < before + 2)
                {
                    // However slow the machine is: the others are killed with mail under way.
                    await Task.Delay(10, TestContext.Current.CancellationToken);
                }
            }

            await Task.Delay(random.Next(30, 800), TestContext.Current.CancellationToken);
            await relay.KillAsync();
            ledger.OnKill();
            relay.Start();
        }

        await relay.StartedAsync();
        await stop.CancelAsync();
        await sending;
        await relay.DrainAsync();
        Assert.Equal(0, await relay.StopAsync());
        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.True(ledger.Accepted > Kills, $"{ledger.Accepted} accepted");
        Assert.All(senders, s => Assert.All(s.Refusals, r => Assert.StartsWith("4", r, StringComparison.Ordinal)));
        TestContext.Current.SendDiagnosticMessage($"{Kills} kills: {ledger.Accepted} accepted, {ledger.Arrived} arrived, {ledger.Duplicates} of them twice");
    }

    [Fact]
    public async Task Nothing_is_lost_when_the_next_hop_is_cut_off_again_and_again()
    {
        const int Cuts = 12;
        var random = new Random(20260302);
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        receiver.Start();
        using var relay = new RelayProcess(receiver.Port);
        relay.Start();
        await relay.StartedAsync();
        using var stop = new CancellationTokenSource();
        Task sending = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => new Sender(relay.EndPoint, ledger).RunAsync(stop.Token, 500))));

        for (int cut = 0; cut < Cuts; cut++)
        {
            await Task.Delay(random.Next(30, 300), TestContext.Current.CancellationToken);
            await receiver.CutAsync();
            ledger.OnKill();
            await Task.Delay(random.Next(0, 300), TestContext.Current.CancellationToken);
            receiver.Start();
        }

        await sending;
        await relay.DrainAsync();
        Assert.Equal(0, await relay.StopAsync());
        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.Equal(1500, ledger.Accepted);
    }
}
