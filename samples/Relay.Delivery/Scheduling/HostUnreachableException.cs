namespace Relay.Delivery;

/// <summary>A TCP connection could not be made.</summary>
internal sealed class HostUnreachableException(string message, Exception inner) : IOException(message, inner);
