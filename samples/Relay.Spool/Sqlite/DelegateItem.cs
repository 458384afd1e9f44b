namespace Relay.Spool;

/// <summary>An item of a few lines.</summary>
internal sealed class DelegateItem<T>(Func<SpoolWriter, T> run) : WriteItem<T>
{
    internal override void Run(SpoolWriter writer) => Result = run(writer);
}
