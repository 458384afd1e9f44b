namespace Relay.Spool;

/// <summary>Appends events.</summary>
internal static class EventRow
{
    private const int MaximumText = 1000;

    /// <param name="writer">The writer.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="message">The message's key.</param>
    /// <param name="index">The recipient's place.</param>
    /// <param name="type">What happened.</param>
    /// <param name="reply">What was said.</param>
    /// <param name="bounceClass">Of a refusal, what it is about.</param>
    /// <param name="reason">The reason as one word.</param>
    /// <param name="attempt">Which attempt it was.</param>
    /// <param name="scheduledAt">When its sender wanted it sent: the latency counts from then, if that is later than accepting.</param>
    internal static void Append(
        SpoolWriter writer, long at, long message, int index, SpoolEventType type, RecipientReply? reply = null,
        BounceClass bounceClass = BounceClass.None, string reason = "", int attempt = 0, long scheduledAt = 0)
    {
        Statement statement = writer.Connection[
            """
            INSERT INTO events(at, message, idx, type, class, reason, code, enhanced, reply, host, attempt, latency)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
            """];
        statement.Bind(1, at).Bind(2, message).Bind(3, index).Bind(4, (long)type);
        if (reply is null or { Code: 0, Text: "", Host: "" } && bounceClass == BounceClass.None && reason.Length == 0)
        {
            for (int i = 5; i <= 10; i++)
            {
                statement.BindNull(i);
            }
        }
        else
        {
            reply ??= RecipientReply.None;
            statement.Bind(5, (long)bounceClass).Bind(6, reason).Bind(7, reply.Code).Bind(8, reply.Enhanced).Bind(9, Short(reply.Text)).Bind(10, reply.Host);
        }

        statement.Bind(11, attempt).Bind(12, Math.Max(0, at - Math.Max(message >> 12, scheduledAt))).Execute();
        writer.HasNewEvents = true;
    }

    /// <summary>A remote's words, bounded, on one line.</summary>
    internal static string Short(string text)
    {
        if (text.Length > MaximumText)
        {
            text = text[..MaximumText];
        }

        return text.AsSpan().IndexOfAny('\r', '\n', '\0') < 0 ? text : text.ReplaceLineEndings(" ").Replace('\0', ' ').Trim();
    }
}
