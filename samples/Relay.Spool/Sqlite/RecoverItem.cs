namespace Relay.Spool;

/// <summary>
/// Takes back leases: at the start all of them, as their owner is dead, and later those that ran out. Who loses leases again and again may be what breaks the
/// program, or may only have been in flight beside it: it waits, longer each time and by chance, so that the suspects go apart and the innocent get through,
/// which clears them. Who still loses leases then is held.
/// </summary>
internal sealed class RecoverItem(bool all) : WriteItem<long>
{
    // In one transaction; the rest is taken the next time.
    private const int Maximum = 1000;

    // So often is bad luck; 2 s at most for the next, 4 s for the one behind it and so on.
    private const int Unsuspected = 2;

    internal override void Run(SpoolWriter writer)
    {
        long now = writer.NowMilliseconds;
        List<(long Message, int Index, int Lost, long NextAt, string Destination, string Stream, int Class)> lost = [];
        Statement rows = writer.Connection[
            """
            SELECT r.message, r.idx, r.lost, r.next_at, l.destination, l.stream, l.class
            FROM recipients r INDEXED BY leased LEFT JOIN lanes l ON l.id = r.lane WHERE r.state = 2 AND r.lease_until < ?1 LIMIT ?2
            """].Bind(1, all ? long.MaxValue : now).Bind(2, Maximum);
        while (rows.Step())
        {
            lost.Add((rows.GetInt64(0), rows.GetInt32(1), rows.GetInt32(2) + 1, rows.GetInt64(3), rows.GetText(4), rows.GetText(5), rows.GetInt32(6)));
        }

        Statement update = writer.Connection[
            "UPDATE recipients SET state = ?1, lost = ?2, next_at = ?5, lease = 0, lease_until = 0 WHERE message = ?3 AND idx = ?4"];
        foreach ((long key, int index, int times, long dueAt, string destination, string stream, int @class) in lost)
        {
            long nextAt = times <= Unsuspected ? dueAt : now + Random.Shared.NextInt64(1000L << Math.Min(times - Unsuspected, 12));
            bool isPoison = times >= writer.Options.MaximumLostLeases;
            update.Bind(1, (long)(isPoison ? RecipientState.Held : RecipientState.Queued)).Bind(2, isPoison ? 0 : times).Bind(3, key).Bind(4, index).Bind(5, nextAt).Execute();
            if (isPoison)
            {
                SpoolLog.Poison(writer.Options.Logger, MessageRow.IdOf(writer.Connection, key), index, times);
                var why = new RecipientReply(0, string.Empty, $"{times} attempts ended without a word", string.Empty);
                EventRow.Append(writer, now, key, index, SpoolEventType.Held, why, reason: "poison");
            }
            else if (destination.Length > 0)
            {
                // One whose lane is missing is a stray, which upkeep finds.
                writer.Agenda.Enter(writer.Agenda.Find(writer.Connection, destination, stream, @class), nextAt);
                writer.HasNewWork = true;
            }
        }

        Result = lost.Count;
    }
}
