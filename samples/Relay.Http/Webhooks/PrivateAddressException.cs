namespace Relay.Http;

/// <summary>A webhook leads to a private address.</summary>
internal sealed class PrivateAddressException : Exception;
