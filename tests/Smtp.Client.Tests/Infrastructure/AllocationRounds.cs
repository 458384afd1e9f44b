namespace Smtp.Client.Tests;

/// <summary>
/// Counts what the whole process allocates in rounds of the same work, and keeps the least. The first rounds fill pools and compile code for good; and the process
/// has threads of its own that allocate now and then. What the client allocates, it allocates in every round.
/// </summary>
/// <param name="most">How many rounds at most.</param>
/// <param name="enough">At so many octets or fewer there is no other round.</param>
internal sealed class AllocationRounds(int most, long enough = 0)
{
    private int _begun;
    private long _before;

    /// <summary>The octets of the round that had the fewest.</summary>
    internal long Least { get; private set; } = long.MaxValue;

    /// <summary>Ends a round and begins the next; allocates nothing itself.</summary>
    /// <returns>Whether there is another one.</returns>
    internal bool Next()
    {
        long now = GC.GetTotalAllocatedBytes(precise: true);
        if (_begun > 0)
        {
            Least = Math.Min(Least, now - _before);
        }

        if (_begun++ == most || Least <= enough)
        {
            return false;
        }

        _before = GC.GetTotalAllocatedBytes(precise: true);
        return true;
    }
}
