namespace Relay.Delivery;

/// <summary>
/// Jobs that wait for a connection to one site, by rank: higher ones go first, and of lower ones one for every few, so that none starves. Not thread-safe.
/// </summary>
internal sealed class FairQueue<T>
{
    /// <summary>How many ranks there are; the highest is the most urgent.</summary>
    internal const int Ranks = 4;

    private readonly Queue<T>[] _queues = [.. Enumerable.Range(0, Ranks).Select(_ => new Queue<T>())];
    private readonly int[] _credit = new int[Ranks];

    /// <summary>How many wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Adds one.</summary>
    internal void Add(T item, int rank)
    {
        _queues[rank].Enqueue(item);
        Count++;
    }

    /// <summary>Takes the next: of those that wait, rank 3 gets 8 of 15 turns, rank 2 4, rank 1 2 and rank 0 1.</summary>
    internal bool TryTake(out T? item)
    {
        if (Count == 0)
        {
            item = default;
            return false;
        }

        while (true)
        {
            for (int rank = Ranks - 1; rank >= 0; rank--)
            {
                if (_credit[rank] > 0 && _queues[rank].TryDequeue(out item))
                {
                    _credit[rank]--;
                    Count--;
                    return true;
                }
            }

            for (int rank = 0; rank < Ranks; rank++)
            {
                _credit[rank] = 1 << rank;
            }
        }
    }
}
