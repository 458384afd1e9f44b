using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Makes of replies what the store keeps.</summary>
internal static class Replies
{
    // As much as the store keeps.
    private const int LongestText = 1000;

    /// <summary>A reply of a host.</summary>
    internal static RecipientReply Of(ReceivedReply reply, string host)
    {
        string text = reply.GetText();
        return new RecipientReply(reply.Code, reply.Status.ToString(), OneLine(text), host);
    }

    /// <summary>What the relay itself says.</summary>
    internal static RecipientReply Own(EnhancedStatus status, string text) => new(0, status.ToString(), OneLine(text), string.Empty);

    private static string OneLine(string text)
    {
        text = text.Contains('\n', StringComparison.Ordinal) ? text.Replace('\n', ' ') : text;
        return text.Length > LongestText ? text[..LongestText] : text;
    }
}
