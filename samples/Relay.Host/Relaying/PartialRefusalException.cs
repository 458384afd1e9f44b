namespace Relay.Host;

/// <summary>
/// The next hop takes the message for some recipients and not for others, so that it is not sent to any: see <see cref="RelaySink"/>. Thrown into the
/// sender's reading of the content, which breaks the transaction off.
/// </summary>
internal sealed class PartialRefusalException : Exception
{
    internal PartialRefusalException()
        : base("The next hop refuses some of the recipients.")
    {
    }
}
