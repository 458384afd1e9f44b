namespace Relay.Spool;

/// <summary>Recipients whose message's row cannot be read: they are to be set aside, without a look at it.</summary>
internal sealed class BrokenRowsException(IReadOnlyList<(long Message, int Index, string Why)> rows) : Exception("There are rows that cannot be read.")
{
    internal IReadOnlyList<(long Message, int Index, string Why)> Rows { get; } = rows;
}
