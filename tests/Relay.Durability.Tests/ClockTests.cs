using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Host;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Durability.Tests;

/// <summary>The whole relay under a clock that is set forward and back, while it runs and while it does not: nothing is lost, and nothing given up.</summary>
public sealed class ClockTests
{
    private const int Rounds = 4;
    private const int JumpsEach = 5;
    private const int MessagesEach = 40;
    private const int Senders = 3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_lost_or_given_up_when_the_clock_is_set_forward_and_back()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(20260303);
        var clock = new SetClock();
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        var endPoint = new IPEndPoint(IPAddress.Loopback, ProgramPort.Find());
        for (int round = 0; round < Rounds; round++)
        {
            // As it starts the clock is where the jumps of the last round left it, or is set anew: a year ahead, a year back.
            clock.Off += TimeSpan.FromDays(round switch { 1 => 365, 2 => -365, _ => 0 });
            await using RelayServers relay = Start(folder, endPoint, receiver.Port, clock);

            // Who is told of a delay when the clock is moved on is another matter; of a message that is given up everybody would be.
            Task sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(
                () => new Sender(endPoint, ledger) { Parameters = " NOTIFY=FAILURE" }.RunAsync(Token, MessagesEach))));
            for (int jump = 0; jump < JumpsEach; jump++)
            {
                await Task.Delay(random.Next(10, 200), Token);
                clock.Off += TimeSpan.FromHours(random.Next(-2000, 2000));

                // What came meanwhile was deferred.
                if (jump == JumpsEach / 2)
                {
                    receiver.Start();
                }
            }

            await sending;
            if (round == Rounds - 1)
            {
                await DrainAsync(relay.Spool);
            }

            await relay.StopAsync(Token);
            await receiver.CutAsync();
            ledger.OnKill();
        }

        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.Equal(Rounds * Senders * MessagesEach, ledger.Accepted);
    }

    private static RelayServers Start(TemporaryFolder folder, IPEndPoint endPoint, int nextHop, TimeProvider clock)
    {
        using var configuration = RelayConfiguration.Load(
        [
            "--Relay:HostName=relay.example.com", "--Relay:Http:Listen=off", $"--Relay:Listen={endPoint}", $"--Relay:NextHop=127.0.0.1:{nextHop}",
            $"--Relay:DataPath={folder["data"]}", "--Relay:Retry:First=200ms", "--Relay:Retry:Longest=1s",
        ]);
        RelaySettings? settings = RelaySettingsReader.Read(configuration, out IReadOnlyList<string> errors);
        Assert.Empty(errors);
        var relay = new RelayServers(settings!, NullLoggerFactory.Instance, clock);
        relay.Start();
        return relay;
    }

    private static async Task DrainAsync(SqliteSpool spool)
    {
        long seen = 0;
        while (await spool.FiguresAsync(Token) is { Waiting: > 0 } or { Leased: > 0 })
        {
            IReadOnlyList<SpoolEvent> events = await spool.EventsAfterAsync(seen, 10_000, Token);
            seen = events.Count > 0 ? events[^1].Id : seen;
            if (await spool.FiguresAsync(Token) is { Waiting: > 0 } or { Leased: > 0 })
            {
                await spool.WaitForEventsAsync(seen, Token);
            }
        }
    }
}
