using System.Collections.Concurrent;

namespace Smtp.Server.Tests;

/// <summary>Clients that vanish, in every state and many at a time, cost nobody anything.</summary>
public sealed class FaultTests
{
    private const int AtOnce = 200;

    private enum Ending
    {
        Quit,
        Reset,
        Close,
        HalfClose,
        Stall,
    }

    [Fact]
    public async Task What_was_answered_250_is_there_once_and_nothing_stays_open()
    {
        var unobserved = new ConcurrentQueue<Exception>();
        EventHandler<UnobservedTaskExceptionEventArgs> watch = (_, e) => unobserved.Enqueue(e.Exception);
        TaskScheduler.UnobservedTaskException += watch;
        try
        {
            await using var server = TestServer.Start();
            var complete = new ConcurrentDictionary<string, bool>();
            var answered = new ConcurrentDictionary<string, bool>();
            for (int round = 0; round < 3; round++)
            {
                int first = round * AtOnce;
                await Task.WhenAll(Enumerable.Range(first, AtOnce).Select(seed => Task.Run(() => LiveAsync(server, seed, complete, answered))));
            }

            await server.UntilEmptyAsync();
            string[] committed = [.. server.Sink.Messages.Where(m => m.Commits > 0).Select(m => m.Text)];
            Assert.All(server.Sink.Messages, m => m.AssertEnded(m.Commits > 0));
            Assert.Equal(committed.Length, committed.Distinct().Count());
            Assert.Empty(answered.Keys.Except(committed));
            Assert.Empty(committed.Except(complete.Keys));
            Assert.NotEmpty(answered);
            Assert.Contains(server.Sink.Messages, m => m.Aborts > 0);
            Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);

            // Others were served all the while, and still are.
            await using TestClient client = await server.ConnectSocketAsync();
            await client.GreetAsync();
            Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        }
        finally
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            TaskScheduler.UnobservedTaskException -= watch;
        }

        Assert.DoesNotContain(unobserved, e => e.ToString().Contains("at Smtp.Server.Smtp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Random_octets_end_in_replies_or_a_closed_connection()
    {
        await using var server = TestServer.Start();
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(seed => Task.Run(async () =>
        {
            byte[] octets = new byte[5000];
            new Random(seed).NextBytes(octets);
            await using TestClient client = await server.ConnectSocketAsync();
            await client.ExpectAsync("220 ");
            await Record.ExceptionAsync(() => client.SendAsync(octets));
            await Record.ExceptionAsync(client.EndWritingAsync);
            string reply = "5";
            while (reply.Length > 0)
            {
                Assert.Matches("^[45]", reply);
                reply = await client.ReadReplyAsync();
            }
        })));
        await server.UntilEmptyAsync();
        Assert.Empty(server.Sink.Messages);
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    /// <summary>One client: so many steps, perhaps half of the next, and an end.</summary>
    private static async Task LiveAsync(
        TestServer server, int seed, ConcurrentDictionary<string, bool> complete, ConcurrentDictionary<string, bool> answered)
    {
        var random = new Random(seed);
        string body = $"message {seed}\r\n";
        string[] steps = random.Next(2) == 0
            ? ["EHLO x.example\r\n", "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.net>\r\n", "DATA\r\n", body + ".\r\n"]
            : ["EHLO x.example\r\n", "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.net>\r\n", "BDAT 3\r\nmes", $"BDAT {body.Length - 3} LAST\r\n{body[3..]}"];
        int last = random.Next(steps.Length + 1);
        Ending ending = (Ending)random.Next(5);
        bool lockstep = random.Next(4) > 0;
        await using TestClient client = await server.ConnectSocketAsync();
        try
        {
            if (lockstep)
            {
                await client.ExpectAsync("220 ");
            }

            for (int i = 0; i < last; i++)
            {
                if (i == steps.Length - 1)
                {
                    complete[body] = true;
                }

                await client.SendAsync(steps[i]);
                if (lockstep)
                {
                    Assert.Matches("^[23]", await client.ReadReplyAsync());
                    if (i == steps.Length - 1)
                    {
                        answered[body] = true;
                    }
                }
            }

            if (last < steps.Length && ending != Ending.Quit)
            {
                await client.SendAsync(steps[last][..random.Next(steps[last].Length)]);
            }

            switch (ending)
            {
                case Ending.Quit when last is 0 or 5:
                    await client.SendAsync("QUIT\r\n");
                    while ((await client.ReadReplyAsync()).Length > 0)
                    {
                    }

                    break;
                case Ending.Reset:
                    client.Reset();
                    break;
                case Ending.HalfClose:
                    await client.EndWritingAsync();
                    while ((await client.ReadReplyAsync()).Length > 0)
                    {
                    }

                    break;
                case Ending.Stall:
                    // Says nothing more until the others are done with theirs.
                    await Task.Delay(random.Next(200), TestContext.Current.CancellationToken);
                    break;
            }
        }
        catch (IOException)
        {
            // It was to be expected of such a client.
        }
    }
}
