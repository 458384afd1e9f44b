using Microsoft.Data.Sqlite;
using Smtp.Core;

namespace Relay.Spool;

/// <summary>Leases what is due: lane after lane, higher ranks more often than lower ones, a few leases of a lane at a time.</summary>
internal sealed class LeaseItem(LeaseRequest request, BodyFiles files) : WriteItem<IReadOnlyList<Lease>>
{
    // Leases of one lane in a turn, so that one destination's heap does not take a whole call while others wait.
    private const int TurnLength = 10;

    private readonly List<Lane> _passedOver = [];
    private readonly List<Lease> _leases = [];
    private readonly Dictionary<(string, string), int> _room = [];
    private readonly List<Stray> _strays = [];
    private long _now;

    internal override void Run(SpoolWriter writer)
    {
        _leases.Clear();
        _room.Clear();
        _passedOver.Clear();
        _now = writer.NowMilliseconds;
        if (writer.Agenda.IsStale)
        {
            writer.Agenda.Load(writer.Connection);
        }

        writer.Agenda.Advance(_now);
        HashSet<string>? suspended = Suspended(writer.Connection);
        while (_leases.Count < request.Maximum && Cycle(writer, suspended))
        {
        }

        foreach (Lane lane in _passedOver)
        {
            writer.Agenda.PutBack(lane);
        }

        Result = _leases.ToArray();
    }

    /// <summary>One turn of the lowest rank, two of the next, four of the next and so on. False if no rank had anything.</summary>
    private bool Cycle(SpoolWriter writer, HashSet<string>? suspended)
    {
        bool any = false;
        for (int rank = Lane.Classes - 1; rank >= 0; rank--)
        {
            for (int turn = 1 << rank; turn > 0 && _leases.Count < request.Maximum; turn--)
            {
                if (!Turn(writer, rank, suspended))
                {
                    break;
                }

                any = true;
            }
        }

        return any;
    }

    /// <summary>Serves the next lane of a rank that there is room for. False if there is none.</summary>
    private bool Turn(SpoolWriter writer, int rank, HashSet<string>? suspended)
    {
        while (writer.Agenda.TryTake(rank, out Lane? lane))
        {
            int room = suspended?.Contains(lane!.Destination) == true ? 0 : Room(lane!);
            if (room <= 0)
            {
                _passedOver.Add(lane!);
                continue;
            }

            int most = Math.Min(Math.Min(room, TurnLength), request.Maximum - _leases.Count);
            int leased = LeaseFrom(writer, lane!, most);
            TakeRoom(lane!, leased);
            long next = writer.Connection["SELECT min(next_at) FROM recipients INDEXED BY due WHERE lane = ?1 AND state <= 1"].Bind(1, lane!.Id).Scalar()
                ?? long.MaxValue;
            if (next <= _now)
            {
                writer.Agenda.PutBack(lane);
            }
            else
            {
                writer.Agenda.Leave(lane, next);
            }

            return true;
        }

        return false;
    }

    private int Room(Lane lane)
    {
        if (request.RoomFor is null)
        {
            return int.MaxValue;
        }

        if (!_room.TryGetValue((lane.Destination, lane.Stream), out int room))
        {
            room = request.RoomFor(lane.Destination, lane.Stream);
            _room.Add((lane.Destination, lane.Stream), room);
        }

        return room;
    }

    private void TakeRoom(Lane lane, int leases)
    {
        if (request.RoomFor is not null)
        {
            _room[(lane.Destination, lane.Stream)] -= leases;
        }
    }

    private int LeaseFrom(SpoolWriter writer, Lane lane, int most)
    {
        int before = _leases.Count;
        List<(long Message, int Index, string Why)> broken = [];
        try
        {
            _strays.Clear();
            Read(writer, lane, most, broken);
        }
        catch (SqliteException error) when (SpoolConnection.IsCorrupt(error))
        {
            // A broken page. SQLite writes nothing more in this transaction: what stands behind the page is set aside in another one.
            broken = FindBroken(writer.Connection, lane);
            if (broken.Count == 0)
            {
                throw;
            }

            throw new BrokenRowsException(broken);
        }

        Mark(writer, before);
        foreach ((long key, int index, string why) in broken)
        {
            Quarantine.SetAside(writer, files, key, index, why, _now);
        }

        if (_strays.Count > 0)
        {
            Stray.Place(writer, files, _strays);
        }

        return _leases.Count - before;
    }

    private void Read(SpoolWriter writer, Lane lane, int most, List<(long Message, int Index, string Why)> broken)
    {
        int before = _leases.Count;
        long until = _now + (long)request.Duration.TotalMilliseconds;
        Statement due = writer.Connection[
            $"""
            SELECT {MessageRow.Columns}, {RecipientRow.Columns}, r.message
            FROM recipients r INDEXED BY due LEFT JOIN messages m ON m.key = r.message
            WHERE r.lane = ?1 AND r.state <= 1 AND r.next_at <= ?2 ORDER BY r.next_at, r.message, r.idx
            """].Bind(1, lane.Id).Bind(2, _now);
        StoredMessage? message = null;
        string? unreadable = null;
        List<StoredRecipient> recipients = [];
        while (due.Step())
        {
            int index = due.GetInt32(MessageRow.ColumnCount);
            if (due.IsNull(0))
            {
                // Nobody knows whose it is.
                broken.Add((due.GetInt64(MessageRow.ColumnCount + RecipientRow.ColumnCount), index, "the message's row is missing"));
                continue;
            }

            string? why = WhyUnreadable(due, out string path);
            MessageId id = MessageRow.ReadId(due);
            if (why is null && !DestinationName.IsOf(path, lane.Destination))
            {
                // The lane's row is another one's than it was: whoever hosts that destination is not to get this mail.
                _strays.Add(Stray.Read(due, id.Key, index, path, lane.Id));
                continue;
            }

            if (message is null || message.Id != id || unreadable != why || recipients.Count == request.MaximumRecipients)
            {
                Close(writer, lane, message, recipients, until, unreadable);
                message = null;
                if (_leases.Count - before == most)
                {
                    break;
                }

                message = MessageRow.Read(due);
                unreadable = why;
                recipients = [];
            }

            recipients.Add(RecipientRow.Read(due, MessageRow.ColumnCount, id, lane.Destination));
        }

        due.Reset();
        Close(writer, lane, message, recipients, until, unreadable);
    }

    /// <summary>The first due recipients whose message's row stands on a broken page, found by the index, which names them without reading it.</summary>
    private List<(long Message, int Index, string Why)> FindBroken(SpoolConnection connection, Lane lane)
    {
        const int Maximum = 100;
        List<(long, int, string)> broken = [];
        Statement due = connection["SELECT message, idx FROM recipients INDEXED BY due WHERE lane = ?1 AND state <= 1 AND next_at <= ?2"].Bind(1, lane.Id).Bind(2, _now);
        Statement message = connection[$"SELECT {MessageRow.Columns} FROM messages m WHERE m.key = ?1"];
        while (broken.Count < Maximum && due.Step())
        {
            try
            {
                message.Bind(1, due.GetInt64(0)).Execute();
            }
            catch (SqliteException error) when (SpoolConnection.IsCorrupt(error))
            {
                broken.Add((due.GetInt64(0), due.GetInt32(1), $"the message's row cannot be read: {error.Message}"));
            }
        }

        due.Reset();
        return broken;
    }

    /// <summary>Null if a row makes sense. One that does not is leased by itself, to be set aside: it must neither stop its lane nor be lost from sight.</summary>
    private static string? WhyUnreadable(Statement row, out string forwardPath)
    {
        forwardPath = row.GetText(MessageRow.ColumnCount + 1);
        return MessageRow.WhyUnreadable(row, 0) ?? (SmtpPath.TryParse(forwardPath, out SmtpPath path) && !path.IsNull ? null : "the recipient's path is none");
    }

    private void Close(SpoolWriter writer, Lane lane, StoredMessage? message, List<StoredRecipient> recipients, long until, string? unreadable)
    {
        if (message is null)
        {
            return;
        }

        _leases.Add(new Lease
        {
            Token = ++writer.LastToken,
            ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(until),
            Message = message,
            Destination = lane.Destination,
            Recipients = recipients,
            Unreadable = unreadable,
        });
    }

    /// <summary>Writes the leases down, behind the reading: a row that leaves an index while it is read would confuse the reading.</summary>
    private void Mark(SpoolWriter writer, int first)
    {
        Statement mark = writer.Connection["UPDATE recipients SET state = 2, lease = ?1, lease_until = ?2 WHERE message = ?3 AND idx = ?4"];
        for (int i = first; i < _leases.Count; i++)
        {
            Lease lease = _leases[i];
            foreach (StoredRecipient recipient in lease.Recipients)
            {
                mark.Bind(1, lease.Token).Bind(2, lease.ExpiresAt.ToUnixTimeMilliseconds()).Bind(3, lease.Message.Id.Key).Bind(4, recipient.Index).Execute();
            }
        }
    }

    private HashSet<string>? Suspended(SpoolConnection connection)
    {
        HashSet<string>? suspended = null;
        Statement rows = connection["SELECT destination FROM suspended WHERE until IS NULL OR until > ?1"].Bind(1, _now);
        while (rows.Step())
        {
            (suspended ??= new(StringComparer.Ordinal)).Add(rows.GetText(0));
        }

        return suspended;
    }
}
