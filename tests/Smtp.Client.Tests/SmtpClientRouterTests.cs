using Microsoft.Extensions.Time.Testing;

namespace Smtp.Client.Tests;

/// <summary>Many destinations.</summary>
public sealed class SmtpClientRouterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_destination_has_a_pool_of_its_own()
    {
        await using var one = new LoopbackServer();
        await using var other = new LoopbackServer();
        await using (var router = new SmtpClientRouter<string>(name => (name == "one" ? one : other).Options(), comparer: StringComparer.OrdinalIgnoreCase))
        {
            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => router.SendAsync(i % 2 == 0 ? "one" : "other", LoopbackServer.Message(i), Token).AsTask()));
            await router.SendAsync("ONE", LoopbackServer.Message(40), Token);
            Assert.Equal(2, router.ClientCount);
            Assert.True(router.TryGetStatistics("one", out SmtpPoolStatistics statistics));
            Assert.InRange(statistics.Connections, 1, 5);
            Assert.False(router.TryGetStatistics("neither", out _));

            // One that is still being opened when the router ends is cut, without a QUIT.
            await WaitUntilAsync(() => IsOpened("one") && IsOpened("other"));
            bool IsOpened(string name) => router.TryGetStatistics(name, out SmtpPoolStatistics its) && its.Opening == 0;
        }

        Assert.Equal((21, 20), (one.Taken.Count, other.Taken.Count));
        Assert.Equal(one.Accepted + other.Accepted, one.Quits + other.Quits);
    }

    [Fact]
    public async Task Clients_that_are_not_used_are_closed()
    {
        var time = new FakeTimeProvider();
        await using var server = new LoopbackServer();
        var options = new SmtpClientRouterOptions { TimeProvider = time, MaximumIdleClients = 3 };
        await using var router = new SmtpClientRouter<int>(_ => server.Options(timeProvider: time), options);
        for (int i = 0; i < 10; i++)
        {
            await router.SendAsync(i, LoopbackServer.Message(i), Token);
        }

        Assert.Equal(3, router.ClientCount);
        await WaitUntilAsync(() => server.Quits == 7);
        time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(0, router.ClientCount);
        await WaitUntilAsync(() => server.Quits == 10);
        Assert.True((await router.SendAsync(1, LoopbackServer.Message("again"), Token)).IsAccepted);
    }

    [Fact]
    public async Task A_forgotten_client_ends_what_it_has_begun()
    {
        var release = new TaskCompletionSource();
        await using var server = new LoopbackServer((step, name) =>
        {
            if (step == ServerStep.Final && name == "slow")
            {
                release.Task.Wait(Token);
            }

            return ServerAct.GoOn;
        });
        int described = 0;
        await using var router = new SmtpClientRouter<string>(_ =>
        {
            described++;
            return server.Options();
        });
        Task<SendResult> slow = router.SendAsync("x", LoopbackServer.Message("slow"), Token).AsTask();
        await WaitUntilAsync(() => server.Commands.Contains("DATA"));
        router.Forget("x");
        await router.SendAsync("x", LoopbackServer.Message("next"), Token);
        Assert.Equal(2, described);
        release.SetResult();
        Assert.True((await slow).IsAccepted);
        await WaitUntilAsync(() => server.Quits == 1);
        await router.CloseAsync(Token);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await router.SendAsync("x", LoopbackServer.Message("late"), Token));
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Token);
        }
    }
}
