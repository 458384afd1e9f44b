using Microsoft.Data.Sqlite;

namespace Relay.Spool;

/// <summary>
/// A waiting recipient whose lane is missing, or has become another destination's: what is left of a database that was repaired, or changed by hand. What it
/// needs of its message is read beforehand, from a connection of its own: that row may be broken too.
/// </summary>
/// <param name="Message">Its message.</param>
/// <param name="Index">Its place in the envelope.</param>
/// <param name="Path">Its mailbox.</param>
/// <param name="Lane">The lane that its row names.</param>
/// <param name="Attempts">How many attempts ended.</param>
/// <param name="Stream">Its message's stream.</param>
/// <param name="Priority">Its message's priority.</param>
/// <param name="Why">Why it cannot be placed; null if it can.</param>
internal sealed record Stray(long Message, int Index, string Path, long Lane, int Attempts, string Stream, MessagePriority Priority, string? Why)
{
    // In one transaction.
    private const int Maximum = 500;

    /// <summary>Some whose lane is missing. Costs a step for each lane that has somebody waiting, and not for each who waits.</summary>
    internal static List<Stray> Find(SpoolConnection connection)
    {
        List<long> missing = [];
        Statement lanes = connection[
            """
            WITH RECURSIVE used(lane) AS (
                SELECT min(lane) FROM recipients INDEXED BY due WHERE state <= 1
                UNION ALL SELECT (SELECT min(lane) FROM recipients INDEXED BY due WHERE state <= 1 AND lane > used.lane) FROM used WHERE lane IS NOT NULL)
            SELECT lane FROM used WHERE lane IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lanes WHERE id = used.lane)
            """];
        while (lanes.Step())
        {
            missing.Add(lanes.GetInt64(0));
        }

        List<Stray> strays = [];
        foreach (long lane in missing)
        {
            Statement rows = connection["SELECT message, idx, path, attempts FROM recipients INDEXED BY due WHERE lane = ?1 AND state <= 1 LIMIT ?2"]
                .Bind(1, lane).Bind(2, Maximum - strays.Count);
            while (rows.Step())
            {
                strays.Add(Read(connection, new Stray(
                    rows.GetInt64(0), rows.GetInt32(1), rows.GetText(2), lane, rows.GetInt32(3), string.Empty, MessagePriority.Normal, "the message's row is missing")));
            }

            if (strays.Count == Maximum)
            {
                break;
            }
        }

        return strays;
    }

    /// <summary>One that was met on leasing, of a row of <see cref="MessageRow.Columns"/> and <see cref="RecipientRow.Columns"/>.</summary>
    internal static Stray Read(Statement row, long message, int index, string path, long lane) =>
        new(message, index, path, lane, row.GetInt32(MessageRow.ColumnCount + 5), row.GetText(7), (MessagePriority)row.GetInt32(8), null);

    /// <summary>Gives each the lane of its own destination, or sets it aside.</summary>
    internal static void Place(SpoolWriter writer, BodyFiles files, IReadOnlyList<Stray> strays)
    {
        foreach (Stray stray in strays)
        {
            Statement still = writer.Connection["SELECT next_at FROM recipients WHERE message = ?1 AND idx = ?2 AND lane = ?3 AND state <= 1"]
                .Bind(1, stray.Message).Bind(2, stray.Index).Bind(3, stray.Lane);
            if (still.Scalar() is not { } nextAt)
            {
                continue;
            }

            if (stray.Why is { } why)
            {
                Quarantine.SetAside(writer, files, stray.Message, stray.Index, why, writer.NowMilliseconds);
                continue;
            }

            Lane lane = writer.Agenda.Find(
                writer.Connection, DestinationName.Of(stray.Path), stray.Stream, Spool.Lane.ClassOf(stray.Priority, isRetry: stray.Attempts > 0));
            writer.Connection["UPDATE recipients SET lane = ?1 WHERE message = ?2 AND idx = ?3"].Bind(1, lane.Id).Bind(2, stray.Message).Bind(3, stray.Index).Execute();
            writer.Agenda.Enter(lane, nextAt);
            writer.HasNewWork = true;
        }
    }

    private static Stray Read(SpoolConnection connection, Stray stray)
    {
        Statement row = connection["SELECT stream, priority FROM messages WHERE key = ?1"].Bind(1, stray.Message);
        try
        {
            if (row.Step())
            {
                stray = stray with { Stream = row.GetText(0), Priority = (MessagePriority)row.GetInt32(1), Why = null };
            }

            row.Reset();
            return stray;
        }
        catch (SqliteException error) when (SpoolConnection.IsCorrupt(error))
        {
            return stray with { Why = $"the message's row cannot be read: {error.Message}" };
        }
    }
}
