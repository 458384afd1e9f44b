namespace Relay.Delivery;

/// <summary>A file is no key that mail can be signed with.</summary>
public sealed class DkimKeyException(string message, Exception? inner = null) : Exception(message, inner);
