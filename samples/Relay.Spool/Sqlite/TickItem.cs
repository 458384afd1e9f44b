namespace Relay.Spool;

/// <summary>Looks, once a second, whether lanes have become due, or another process has changed something.</summary>
internal sealed class TickItem : WriteItem<bool>
{
    internal override void Run(SpoolWriter writer)
    {
        if (writer.WasChangedByOthers() || writer.Agenda.IsStale)
        {
            writer.Agenda.Load(writer.Connection);
            writer.HasNewWork = true;
            writer.HasNewEvents = true;
        }

        if (writer.Failure is not null)
        {
            // Whether the disk takes something again: else a relay that nobody sends to, as it is not ready, would never be.
            writer.Connection.Run("PRAGMA user_version=" + writer.Connection["PRAGMA user_version"].Scalar());
            writer.HasWritten = true;
        }

        writer.HasNewWork |= writer.Agenda.Advance(writer.NowMilliseconds);
        Result = true;
    }
}
