namespace Relay.Spool;

/// <summary>What was last said of a recipient, by its next hop or by the relay itself.</summary>
/// <param name="Code">The reply code (RFC 5321 §4.2); 0 if there was no reply.</param>
/// <param name="Enhanced">The enhanced status code (RFC 3463), such as <c>5.1.1</c>; empty if there is none.</param>
/// <param name="Text">The text, one line, at most 1,000 characters.</param>
/// <param name="Host">Who said it: a host name and address; empty for the relay itself.</param>
public sealed record RecipientReply(int Code, string Enhanced, string Text, string Host)
{
    /// <summary>Nothing was said.</summary>
    public static RecipientReply None { get; } = new(0, string.Empty, string.Empty, string.Empty);
}
