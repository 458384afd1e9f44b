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

        writer.HasNewWork |= writer.Agenda.Advance(writer.NowMilliseconds);
        Result = true;
    }
}
