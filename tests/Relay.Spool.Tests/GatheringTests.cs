namespace Relay.Spool.Tests;

public sealed class GatheringTests
{
    private static readonly TimeSpan Sync = TimeSpan.FromMilliseconds(2);

    [Fact]
    public void Two_parts_of_submitters_are_put_together_and_a_lone_one_never_waits()
    {
        var gathering = new Gathering();
        gathering.OnSynced(Sync);

        // A lone one: when its message is on the disk nobody has come meanwhile.
        gathering.OnGroup(1);
        gathering.OnIdle();
        gathering.OnGroup(1);
        Assert.Equal(TimeSpan.Zero, gathering.Begin(0, out _));

        // Ten were served, ten have come meanwhile.
        gathering.OnGroup(10);
        Assert.Equal(TimeSpan.FromMilliseconds(2), gathering.Begin(10, out int wanted));
        Assert.Equal(20, wanted);
        gathering.End(20);
        gathering.OnGroup(20);
        Assert.Equal(TimeSpan.Zero, gathering.Begin(0, out _));
    }

    [Fact]
    public void Where_nobody_comes_back_it_is_left_off_longer_each_time()
    {
        var gathering = new Gathering();
        gathering.OnSynced(Sync);
        int waits = 0;
        for (int i = 0; i < 1000; i++)
        {
            gathering.OnGroup(10);
            if (gathering.Begin(10, out _) > TimeSpan.Zero)
            {
                waits++;
                gathering.End(11);
            }
        }

        Assert.InRange(waits, 10, 25);
    }

    [Theory]
    [InlineData(0.3, 0)]
    [InlineData(1, 1)]
    [InlineData(4, 3)]
    [InlineData(100, 5)]
    public void The_wait_goes_by_the_disk(double sync, double patience)
    {
        var gathering = new Gathering();
        gathering.OnSynced(TimeSpan.FromMilliseconds(sync));
        gathering.OnGroup(1);

        Assert.Equal(TimeSpan.FromMilliseconds(patience), gathering.Begin(1, out _));
    }
}
