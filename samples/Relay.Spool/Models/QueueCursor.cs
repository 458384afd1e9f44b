using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Relay.Spool;

/// <summary>A place in a list of recipients.</summary>
/// <param name="MessageId">The last message that was seen.</param>
/// <param name="RecipientIndex">The last recipient of it.</param>
public readonly record struct QueueCursor(MessageId MessageId, int RecipientIndex)
{
    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out QueueCursor cursor)
    {
        cursor = default;
        int dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot < 0
            || !MessageId.TryParse(text![..dot], out MessageId id)
            || !int.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            return false;
        }

        cursor = new QueueCursor(id, index);
        return true;
    }

    /// <summary>The id, a dot and the index.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{MessageId}.{RecipientIndex}");
}
