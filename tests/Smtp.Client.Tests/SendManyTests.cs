using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Smtp.Client.Tests;

/// <summary>Many messages of which not all come to their end: there is one outcome for each that was asked for, and it is true of the server.</summary>
public sealed class SendManyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The server stalls at a step of the sixth message, so that it, the one behind it and the next are certainly on their way when the reader cancels.</summary>
    [Theory]
    [InlineData(nameof(ServerStep.Mail))]
    [InlineData(nameof(ServerStep.Data))]
    [InlineData(nameof(ServerStep.Body))]
    [InlineData(nameof(ServerStep.Final))]
    [InlineData(nameof(ServerStep.Committed))]
    public async Task A_cancellation_leaves_each_with_its_outcome(string stalledAt)
    {
        ServerStep step = Enum.Parse<ServerStep>(stalledAt);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new LoopbackServer((at, name) =>
        {
            if (at != step || name != "5")
            {
                return ServerAct.GoOn;
            }

            // What was said to the first five is still on its way to the client.
            _ = answered.Task.ContinueWith(_ => cancellation.CancelAsync(), TaskScheduler.Default);
            return ServerAct.Stall;
        });
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        var asked = new List<SmtpMessage>();
        var outcomes = new List<SmtpSendOutcome>();
        OperationCanceledException end = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (SmtpSendOutcome outcome in client.SendManyAsync(Endless(asked).ToAsyncEnumerable(), cancellation.Token))
            {
                outcomes.Add(outcome);
                if (outcomes.Count == 5)
                {
                    answered.SetResult();
                }
            }
        });
        Assert.Equal(cancellation.Token, end.CancellationToken);
        Assert.Equal(asked, outcomes.Select(outcome => outcome.Message));

        // Five were answered; those behind are as many as can be in flight, and one that is ready.
        Assert.InRange(outcomes.Count, 6, 5 + client.Options.MaximumMessagesInFlight + 1);
        Assert.All(outcomes.Take(5), outcome => Assert.True(outcome.IsAccepted));
        Assert.All(outcomes.Skip(5), outcome => Assert.IsAssignableFrom<OperationCanceledException>(outcome.Error));
        // A small body goes out with its end of data in one piece.
        Assert.Equal(step >= ServerStep.Body, outcomes[5].Result.MayHaveBeenCommitted);
        Assert.All(outcomes.Skip(5), outcome => Assert.Single(outcome.Result.Recipients));
        Assert.All(outcomes.Skip(6), outcome => Assert.Equal(DeliveryOutcome.TransientFailure, outcome.Result.Recipients[0].Outcome));
        AssertTrue(outcomes, server);
        Assert.Equal((0, 0), (client.Statistics.InUse, client.Statistics.Waiting));
        Assert.True((await client.SendAsync(LoopbackServer.Message("after"), Token)).IsAccepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_who_leaves_finds_the_outcomes_of_those_on_their_way(bool throws)
    {
        await using var server = new LoopbackServer((step, name) => step == ServerStep.Recipient && name == "6" ? ServerAct.Say550 : ServerAct.GoOn);
        await using var client = new SmtpClient(server.Options(maxConnections: 1));
        var asked = new List<SmtpMessage>();
        var unread = new List<SmtpSendOutcome>();
        int read = 0;
        try
        {
            await foreach (SmtpSendOutcome outcome in client.SendManyAsync(Endless(asked).ToAsyncEnumerable(), unread, Token))
            {
                Assert.Same(asked[read++], outcome.Message);
                Assert.True(outcome.IsAccepted);
                if (read == 5)
                {
                    if (throws)
                    {
                        throw new InvalidDataException();
                    }

                    break;
                }
            }
        }
        catch (InvalidDataException) when (throws)
        {
        }

        Assert.Equal(asked.Skip(5), unread.Select(outcome => outcome.Message));
        Assert.Equal(unread.Select((_, i) => i != 1), unread.Select(outcome => outcome.IsAccepted));
        Assert.InRange(unread.Count, 2, client.Options.MaximumMessagesInFlight);
        Assert.All(unread, outcome => Assert.Null(outcome.Error));
        AssertTrue(unread, server);
        Assert.Equal((0, 0), (client.Statistics.InUse, client.Statistics.Waiting));
    }

    [Fact]
    public async Task What_was_asked_for_when_the_reader_left_is_not_begun_and_told()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options());
        SmtpMessage last = LoopbackServer.Message("last");
        var unread = new List<SmtpSendOutcome>();
        await foreach (SmtpSendOutcome outcome in client.SendManyAsync(Messages(Token), unread, Token))
        {
            Assert.True(outcome.IsAccepted);
            break;
        }

        SmtpSendOutcome left = Assert.Single(unread);
        Assert.Same(last, left.Message);
        Assert.IsAssignableFrom<OperationCanceledException>(left.Error);
        Assert.Equal(DeliveryOutcome.TransientFailure, Assert.Single(left.Result.Recipients).Outcome);
        Assert.Equal(["first"], server.Taken.Keys);

        // Hands one more message on where others would end.
        async IAsyncEnumerable<SmtpMessage> Messages([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            yield return LoopbackServer.Message("first");
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            yield return last;
        }
    }

    /// <summary>A source that waits for the outcome of a message before it has the next one would wait for ever.</summary>
    [Fact]
    public async Task An_outcome_does_not_wait_for_the_next_message()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options());
        var messages = Channel.CreateUnbounded<SmtpMessage>();
        messages.Writer.TryWrite(LoopbackServer.Message(0));
        int read = 0;
        await foreach (SmtpSendOutcome outcome in client.SendManyAsync(messages.Reader.ReadAllAsync(Token), Token))
        {
            Assert.True(outcome.IsAccepted);
            if (++read == 10)
            {
                messages.Writer.Complete();
            }
            else
            {
                messages.Writer.TryWrite(LoopbackServer.Message(read));
            }
        }

        Assert.Equal(10, server.Taken.Count);
    }

    [Fact]
    public async Task What_the_source_throws_comes_behind_the_outcomes()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options());
        int read = 0;
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (SmtpSendOutcome outcome in client.SendManyAsync(Messages(), Token))
            {
                Assert.True(outcome.IsAccepted);
                read++;
            }
        });
        Assert.Equal(2, read);

        static IEnumerable<SmtpMessage> Messages()
        {
            yield return LoopbackServer.Message(0);
            yield return LoopbackServer.Message(1);
            throw new InvalidDataException();
        }
    }

    [Fact]
    public async Task A_client_that_is_closed_meanwhile_ends_it_behind_the_outcomes()
    {
        await using var server = new LoopbackServer();
        await using var client = new SmtpClient(server.Options());
        var asked = new List<SmtpMessage>();
        var outcomes = new List<SmtpSendOutcome>();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (SmtpSendOutcome outcome in client.SendManyAsync(Endless(asked), Token))
            {
                outcomes.Add(outcome);
                if (outcomes.Count == 3)
                {
                    await client.CloseAsync(Token);
                }
            }
        });
        Assert.Equal(asked, outcomes.Select(outcome => outcome.Message));
        AssertTrue(outcomes, server);
    }

    /// <summary>What an outcome says is what the server has.</summary>
    private static void AssertTrue(IEnumerable<SmtpSendOutcome> outcomes, LoopbackServer server) => Assert.All(outcomes, outcome =>
    {
        int taken = server.Taken.GetValueOrDefault(outcome.Message.Envelope.ReversePath.ToString().TrimStart('<').Split('@')[0]);
        Assert.InRange(taken, outcome.IsAccepted ? 1 : 0, outcome.IsAccepted || outcome.Result.MayHaveBeenCommitted ? 1 : 0);
    });

    private static IEnumerable<SmtpMessage> Endless(List<SmtpMessage> asked)
    {
        for (int i = 0; ; i++)
        {
            asked.Add(LoopbackServer.Message(i));
            yield return asked[i];
        }
    }
}
