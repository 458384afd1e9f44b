namespace Relay.Spool;

/// <summary>
/// Which lanes are due, in memory: derived from the <c>due</c> index, read from it at the start and whenever something else than this writer changed the
/// database, and never the only place where something is written. Its size is that of the lanes that have somebody waiting, whatever their number is.
/// </summary>
internal sealed class Agenda
{
    private readonly Dictionary<(string Destination, string Stream, int Class), Lane> _lanes = [];
    private readonly PriorityQueue<Lane, long> _timed = new();
    private readonly Queue<Lane>[] _ready = [.. Enumerable.Range(0, Lane.Classes).Select(_ => new Queue<Lane>())];

    /// <summary>Whether it must be read anew before it is asked.</summary>
    internal bool IsStale { get; private set; } = true;

    /// <summary>When the next lane becomes due, in milliseconds since 1970.</summary>
    internal long NextAt => _timed.TryPeek(out _, out long at) ? at : long.MaxValue;

    internal IEnumerable<Lane> Lanes => _lanes.Values;

    /// <summary>Forgets everything: a transaction was rolled back, and lanes may have been made in it.</summary>
    internal void Clear()
    {
        _lanes.Clear();
        _timed.Clear();
        foreach (Queue<Lane> ready in _ready)
        {
            ready.Clear();
        }

        IsStale = true;
    }

    /// <summary>Reads each lane's first entry in the index, whatever stands behind it.</summary>
    internal void Load(SpoolConnection connection)
    {
        Clear();
        Statement lanes = connection[
            """
            SELECT l.id, l.destination, l.stream, l.class, (SELECT min(next_at) FROM recipients INDEXED BY due WHERE lane = l.id AND state <= 1) at
            FROM lanes l WHERE at IS NOT NULL
            """];
        while (lanes.Step())
        {
            Enter(Add(lanes.GetInt32(0), lanes.GetText(1), lanes.GetText(2), lanes.GetInt32(3)), lanes.GetInt64(4));
        }

        IsStale = false;
    }

    /// <summary>The lane of a destination, stream and class; made if there is none.</summary>
    internal Lane Find(SpoolConnection connection, string destination, string stream, int @class)
    {
        if (_lanes.TryGetValue((destination, stream, @class), out Lane? lane))
        {
            return lane;
        }

        long? id = connection["SELECT id FROM lanes WHERE destination = ?1 AND stream = ?2 AND class = ?3"]
            .Bind(1, destination).Bind(2, stream).Bind(3, @class).Scalar();
        id ??= connection["INSERT INTO lanes(destination, stream, class) VALUES(?1, ?2, ?3) RETURNING id"]
            .Bind(1, destination).Bind(2, stream).Bind(3, @class).Scalar();
        return Add((int)id!.Value, destination, stream, @class);
    }

    /// <summary>Somebody waits in a lane, due at a time.</summary>
    internal void Enter(Lane lane, long at)
    {
        if (at < lane.NextAt)
        {
            lane.NextAt = at;
            if (!lane.IsReady)
            {
                _timed.Enqueue(lane, at);
            }
        }
    }

    /// <summary>Moves the lanes whose time has come.</summary>
    /// <returns>Whether there were any.</returns>
    internal bool Advance(long now)
    {
        bool any = false;
        while (_timed.TryPeek(out Lane? lane, out long at) && at <= now)
        {
            _timed.Dequeue();

            // An entry whose lane has got an earlier one since, or stands among the due, is of no use.
            if (lane.NextAt == at && !lane.IsReady)
            {
                lane.IsReady = true;
                _ready[lane.Rank].Enqueue(lane);
                any = true;
            }
        }

        return any;
    }

    /// <summary>How many lanes of a rank are due.</summary>
    internal int ReadyCount(int rank) => _ready[rank].Count;

    /// <summary>Takes the next due lane of a rank.</summary>
    internal bool TryTake(int rank, out Lane? lane) => _ready[rank].TryDequeue(out lane);

    /// <summary>Puts a lane back that is still due, behind the others.</summary>
    internal void PutBack(Lane lane) => _ready[lane.Rank].Enqueue(lane);

    /// <summary>A lane that was taken has its next recipient at a time; <see cref="long.MaxValue"/> if it is empty, and then it is forgotten.</summary>
    internal void Leave(Lane lane, long nextAt)
    {
        lane.IsReady = false;
        lane.NextAt = long.MaxValue;
        if (nextAt < long.MaxValue)
        {
            Enter(lane, nextAt);
        }
        else
        {
            _lanes.Remove((lane.Destination, lane.Stream, lane.Class));
        }
    }

    private Lane Add(int id, string destination, string stream, int @class)
    {
        var lane = new Lane(id, destination, stream, @class);
        _lanes.Add((destination, stream, @class), lane);
        return lane;
    }
}
