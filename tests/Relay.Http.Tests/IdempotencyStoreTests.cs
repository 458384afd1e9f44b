using Microsoft.Extensions.Time.Testing;

namespace Relay.Http.Tests;

public sealed class IdempotencyStoreTests
{
    private static readonly byte[] Request = [1, 2, 3];
    private static readonly string[] First = ["a"];
    private static readonly string[] Second = ["b"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_answer_is_repeated_and_another_request_is_a_conflict()
    {
        await using var temporary = new TemporaryStore();
        var store = new IdempotencyStore(temporary.Store, TimeProvider.System);
        IdempotencyClaim first = await store.ClaimAsync("k", "once", Request, First, Cancellation);
        Assert.Equal(IdempotencyState.Carry, first.State);
        Assert.Equal(IdempotencyState.Running, (await store.ClaimAsync("k", "once", Request, Second, Cancellation)).State);
        await store.CompleteAsync("k", "once", first, 202, [7]);

        IdempotencyClaim again = await store.ClaimAsync("k", "once", Request, Second, Cancellation);

        Assert.Equal((IdempotencyState.Repeat, 202, "a"), (again.State, again.Status, again.Ids.Single()));
        Assert.Equal([7], again.Body);
        Assert.Equal(IdempotencyState.OtherRequest, (await store.ClaimAsync("k", "once", [9], Second, Cancellation)).State);
        Assert.Equal(IdempotencyState.Carry, (await store.ClaimAsync("another key", "once", [9], Second, Cancellation)).State);
    }

    [Fact]
    public async Task After_a_crash_the_same_request_gets_the_same_ids()
    {
        await using var temporary = new TemporaryStore();
        await new IdempotencyStore(temporary.Store, TimeProvider.System).ClaimAsync("k", "once", Request, First, Cancellation);
        await temporary.ReopenAsync();

        IdempotencyClaim again = await new IdempotencyStore(temporary.Store, TimeProvider.System).ClaimAsync("k", "once", Request, Second, Cancellation);

        Assert.Equal((IdempotencyState.Carry, "a"), (again.State, again.Ids.Single()));
    }

    [Fact]
    public async Task After_a_day_a_key_is_new_again()
    {
        await using var temporary = new TemporaryStore();
        var time = new FakeTimeProvider();
        var store = new IdempotencyStore(temporary.Store, time);
        IdempotencyClaim first = await store.ClaimAsync("k", "once", Request, First, Cancellation);
        await store.CompleteAsync("k", "once", first, 202, []);

        time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));

        Assert.Equal(IdempotencyState.Carry, (await store.ClaimAsync("k", "once", [9], Second, Cancellation)).State);
    }

    [Fact]
    public async Task A_request_that_made_nothing_can_be_mended()
    {
        await using var temporary = new TemporaryStore();
        var store = new IdempotencyStore(temporary.Store, TimeProvider.System);
        IdempotencyClaim first = await store.ClaimAsync("k", "once", Request, First, Cancellation);
        await store.ForgetAsync("k", "once", first);

        Assert.Equal(IdempotencyState.Carry, (await store.ClaimAsync("k", "once", [9], Second, Cancellation)).State);
    }

    [Fact]
    public async Task Letting_go_of_a_request_that_is_over_leaves_a_later_one_alone()
    {
        await using var temporary = new TemporaryStore();
        var store = new IdempotencyStore(temporary.Store, TimeProvider.System);
        IdempotencyClaim first = await store.ClaimAsync("k", "once", Request, First, Cancellation);
        await store.ForgetAsync("k", "once", first);
        IdempotencyClaim mended = await store.ClaimAsync("k", "once", [9], Second, Cancellation);

        store.Release("k", "once", first);

        Assert.Equal(IdempotencyState.Running, (await store.ClaimAsync("k", "once", [9], Second, Cancellation)).State);
        store.Release("k", "once", mended);
        Assert.Equal(IdempotencyState.Carry, (await store.ClaimAsync("k", "once", [9], Second, Cancellation)).State);
    }
}
