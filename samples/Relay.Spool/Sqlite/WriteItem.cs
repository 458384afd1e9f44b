namespace Relay.Spool;

/// <summary>Something to do on the writer: it runs in a transaction with others, and is told when that is on the disk, or that it is not.</summary>
internal abstract class WriteItem
{
    /// <summary>How much it writes, about, in octets: bounds a transaction.</summary>
    internal virtual long Weight => 256;

    /// <summary>Reads and writes. May run again, from the start, if the transaction failed for another's sake.</summary>
    internal abstract void Run(SpoolWriter writer);

    /// <summary>The transaction is on the disk.</summary>
    internal abstract void Committed();

    /// <summary>Nothing was stored.</summary>
    internal abstract void Failed(Exception error);
}
