using Smtp.Core;

namespace Relay.Spool;

/// <summary>Reads rows of recipients.</summary>
internal static class RecipientRow
{
    /// <summary>An operator wants a bounce.</summary>
    internal const int MustBounce = 1;

    /// <summary>A delay notification was sent.</summary>
    internal const int DelayNotified = 2;

    /// <summary>An operator wants an attempt at once.</summary>
    internal const int MustTry = 4;

    /// <summary>The columns that <see cref="Read"/> reads.</summary>
    internal const string Columns =
        "r.idx, r.path, r.notify, r.orcpt, r.state, r.attempts, r.next_at, r.done_at, r.code, r.enhanced, r.reply, r.host, r.wish";

    /// <summary>How many they are.</summary>
    internal const int ColumnCount = 13;

    /// <summary>Reads one.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">The first of <see cref="Columns"/>.</param>
    /// <param name="id">Its message.</param>
    /// <param name="destination">Its lane's destination; null if the lane's row is missing.</param>
    internal static StoredRecipient Read(Statement row, int first, MessageId id, string? destination)
    {
        int wish = row.GetInt32(first + 12);
        string forwardPath = row.GetText(first + 1);
        return new StoredRecipient
        {
            MessageId = id,
            Index = row.GetInt32(first),
            ForwardPath = forwardPath,
            Destination = destination ?? DestinationName.Of(forwardPath),
            Notify = (DsnNotify)row.GetInt32(first + 2),
            OriginalRecipient = row.GetTextOrNull(first + 3) ?? string.Empty,
            State = (RecipientState)row.GetInt32(first + 4),
            Attempts = row.GetInt32(first + 5),
            NextAttemptAt = RowTime.Read(row.GetInt64(first + 6)),
            CompletedAt = row.IsNull(first + 7) ? null : RowTime.Read(row.GetInt64(first + 7)),
            LastReply = row.IsNull(first + 8)
                ? RecipientReply.None
                : new RecipientReply(row.GetInt32(first + 8), row.GetText(first + 9), row.GetText(first + 10), row.GetText(first + 11)),
            MustBounce = (wish & MustBounce) != 0,
            MustTry = (wish & MustTry) != 0,
            DelayNotified = (wish & DelayNotified) != 0,
        };
    }
}
