namespace Relay.Spool;

/// <summary>
/// When a group commit waits for more. Submitters that wait for the disk fall into two parts by turns: while one part's sync is under way the other one
/// gathers, and each sync serves half of them. A short wait behind a sync, for those whom it has set free, puts them together: then each sync serves all.
/// </summary>
/// <remarks>
/// It waits only where two parts have been seen, at most three quarters as long as a sync takes, in whole milliseconds, and not at all where a sync takes less
/// than <see cref="Least"/>: a lone submitter and a fast disk know nothing of it. Where those set free do not come back in time, it is left off for a while, twice as long each time. Not thread-safe.
/// </remarks>
internal sealed class Gathering
{
    /// <summary>The shortest sync that is waited for, and the shortest wait that the system keeps well.</summary>
    internal static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(5);

    private const int MostSkipped = 64;

    private TimeSpan _sync;
    private int _setFree;
    private int _before;
    private int _skip;
    private int _penalty;

    /// <summary>A group took so long to get to the disk.</summary>
    internal void OnSynced(TimeSpan time) => _sync = _sync == TimeSpan.Zero ? time : ((_sync * 7) + time) / 8;

    /// <summary>A group begins.</summary>
    /// <param name="callers">How many submitters' messages are in it.</param>
    internal void OnGroup(int callers) => _setFree = callers;

    /// <summary>Nobody came while the last group was on its way: there are no two parts.</summary>
    internal void OnIdle() => _setFree = 0;

    /// <summary>A group has ended, and others have come meanwhile.</summary>
    /// <param name="waiting">How many submitters they are.</param>
    /// <param name="wanted">With how many to go on at once.</param>
    /// <returns>How long to wait at most; zero for not at all.</returns>
    internal TimeSpan Begin(int waiting, out int wanted)
    {
        _before = waiting;
        wanted = waiting + _setFree;
        if (waiting == 0 || _setFree == 0 || _sync < Least)
        {
            return TimeSpan.Zero;
        }

        if (_skip > 0)
        {
            _skip--;
            return TimeSpan.Zero;
        }

        TimeSpan patience = TimeSpan.FromMilliseconds(Math.Ceiling(_sync.TotalMilliseconds * 0.75));
        return patience < Longest ? patience : Longest;
    }

    /// <summary>The wait is over.</summary>
    /// <param name="waiting">How many submitters are there now.</param>
    internal void End(int waiting)
    {
        bool hasPaid = (waiting - _before) * 2 >= _setFree;
        _penalty = hasPaid ? 0 : Math.Clamp(_penalty * 2, 1, MostSkipped);
        _skip = _penalty;
    }
}
