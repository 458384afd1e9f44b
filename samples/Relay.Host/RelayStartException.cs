namespace Relay.Host;

/// <summary>The relay cannot start, for a reason that is no defect of it. The message is all that its user needs: it names the key and what to do.</summary>
internal sealed class RelayStartException : Exception
{
    internal RelayStartException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
