using System.Collections.Concurrent;

namespace Smtp.Client.Tests;

/// <summary>A server that does the worst at every step, and what must hold all the same.</summary>
public sealed class SmtpClientFaultTests
{
    private const int Sends = 500;

    private static readonly ServerAct[] Acts =
        [ServerAct.Close, ServerAct.Reset, ServerAct.Stall, ServerAct.Say421, ServerAct.Say451, ServerAct.Say550];

    private static readonly ServerStep[] Steps =
        [ServerStep.Mail, ServerStep.Recipient, ServerStep.Data, ServerStep.Body, ServerStep.Final, ServerStep.Committed, ServerStep.Idle];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// 500 sends by 50 senders over 8 connections. Each message meets one fault: all acts at all steps, in turn; every fourteenth connection meets
    /// one at its greeting, and so every fourteenth EHLO. With CHUNKING it is every third of 1500 messages, as several share a flight, and all that are on their
    /// way over a connection that breaks are uncertain. Every act was met at every step. Whatever the client says of a message is true of the
    /// server, and everybody comes to an end.
    /// </summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task No_send_is_lost_and_none_is_sent_twice(int seed, bool chunking)
    {
        int sends = chunking ? 3 * Sends : Sends;
        var met = new ConcurrentDictionary<string, bool>();
        var pairs = new ConcurrentDictionary<(ServerStep Step, ServerAct Act), int>();
        int greetings = 0;
        int hellos = 0;
        await using var server = new LoopbackServer((step, name) =>
        {
            ServerAct act = Decide(step, name);
            if (act != ServerAct.GoOn)
            {
                pairs.AddOrUpdate((step, act), 1, (_, count) => count + 1);
            }

            return act;
        }, chunking ? ["CHUNKING"] : []);

        // Stalls are to be over soon. The times may also run out by themselves on a slow machine: what is checked holds then too.
        TimeSpan soon = TimeSpan.FromMilliseconds(400);
        var timeouts = new SmtpClientTimeouts
        {
            Greeting = soon,
            Command = soon,
            Mail = soon,
            Recipient = soon,
            Data = soon,
            DataBlock = soon,
            FinalReply = soon,
            Quit = soon,
        };
        int mostConnections = 0;
        var verdicts = new ConcurrentDictionary<string, string>();
        await using (var client = new SmtpClient(server.Options(maxConnections: 8, timeouts: timeouts)))
        {
            int next = -1;
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
            {
                int number;
                while ((number = Interlocked.Increment(ref next)) < sends)
                {
                    string name = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
                    verdicts[name] = await SendAsync(client, number, name);
                    InterlockedMax(ref mostConnections, client.Statistics.Connections);
                }
            })));

            SmtpPoolStatistics end = client.Statistics;
            Assert.Equal((0, 0), (end.InUse, end.Waiting));
            await client.CloseAsync(Token);
            Assert.Equal(default, client.Statistics);
        }

        // 54 pairs, of which the three where a server takes a message and refuses it are none; nor are those with DATA where BDAT is said.
        Assert.Equal(
            from step in Enum.GetValues<ServerStep>()
            from act in Acts
            where (step != ServerStep.Committed || act < ServerAct.Say421) && (step != ServerStep.Data || !chunking)
            select (step, act),
            pairs.Keys.Order());
        Assert.Equal(sends, verdicts.Count);
        Assert.InRange(mostConnections, 1, 8);
        foreach ((string name, string verdict) in verdicts)
        {
            int taken = server.Taken.GetValueOrDefault(name);
            switch (verdict)
            {
                case "accepted":
                    Assert.Equal((name, 1), (name, taken));
                    break;
                case "refused":
                    Assert.Equal((name, 0), (name, taken));
                    break;
                default:
                    Assert.Equal((name, "uncertain"), (name, verdict));
                    Assert.InRange(taken, 0, 1);
                    break;
            }
        }

        // Most faults are such that the message gets through all the same, at once or when it is sent again as its result allows.
        int accepted = verdicts.Values.Count(verdict => verdict == "accepted");
        Assert.True(accepted > (chunking ? sends / 3 : sends / 2), $"{accepted} accepted");

        ServerAct Decide(ServerStep step, string name)
        {
            switch (step)
            {
                case ServerStep.Greeting:
                    return EveryFourteenth(ref greetings);
                case ServerStep.Hello:
                    return EveryFourteenth(ref hellos);
                default:
                    int number = int.Parse(name, System.Globalization.CultureInfo.InvariantCulture);
                    if (chunking && number % 3 != 0)
                    {
                        return ServerAct.GoOn;
                    }

                    (ServerStep at, ServerAct act) = FaultOf(chunking ? number / 3 : number, seed);
                    at = at == ServerStep.Data && chunking ? ServerStep.Body : at;
                    return step == at && met.TryAdd(name, true) ? act : ServerAct.GoOn;
            }
        }

        static ServerAct EveryFourteenth(ref int count)
        {
            int number = Interlocked.Increment(ref count);
            return number % 14 == 0 ? Acts[number / 14 % Acts.Length] : ServerAct.GoOn;
        }
    }

    private static (ServerStep Step, ServerAct Act) FaultOf(int number, int seed)
    {
        int mixed = (number * 31) + (seed * 17);
        ServerStep step = Steps[mixed % Steps.Length];
        ServerAct act = Acts[mixed / Steps.Length % Acts.Length];

        // A server that takes a message and says that it did not would make anybody send it twice.
        return (step == ServerStep.Committed && act >= ServerAct.Say421 ? ServerStep.Final : step, act);
    }

    /// <summary>Sends until the message is taken, refused for good, or may have been taken; as a relay does.</summary>
    private static async Task<string> SendAsync(SmtpClient client, int number, string name)
    {
        SmtpMessage message = LoopbackServer.Message(number);
        for (int attempt = 0; attempt < 40; attempt++)
        {
            try
            {
                SendResult result = await client.SendAsync(message, Token);
                Assert.False(result.MayHaveBeenCommitted);
                switch (result.Recipients[0].Outcome)
                {
                    case DeliveryOutcome.Accepted:
                        return "accepted";
                    case DeliveryOutcome.PermanentFailure:
                        return "refused";
                }
            }
            catch (SmtpConnectionException error)
            {
                Assert.NotNull(error.Result);
                Assert.Single(error.Result.Recipients);
                if (error.MayHaveBeenCommitted)
                {
                    return "uncertain";
                }
            }
        }

        return $"never done: {name}";
    }

    private static void InterlockedMax(ref int location, int value)
    {
        int current;
        while ((current = Volatile.Read(ref location)) < value && Interlocked.CompareExchange(ref location, value, current) != current)
        {
        }
    }
}
