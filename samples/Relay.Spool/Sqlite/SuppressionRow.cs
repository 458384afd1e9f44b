namespace Relay.Spool;

/// <summary>Reads and writes rows of suppressions.</summary>
internal static class SuppressionRow
{
    internal const string Columns = "shown, reason, detail, at, message";

    /// <summary>How addresses are compared. Local parts may differ by case (RFC 5321 §2.4); nobody's do.</summary>
    internal static string KeyOf(string address) => address.ToLowerInvariant();

    internal static void Add(SpoolConnection connection, Suppression suppression) => connection[
        """
        INSERT INTO suppressions(address, shown, reason, detail, at, message) VALUES(?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT(address) DO UPDATE SET reason = ?3, detail = ?4, at = ?5, message = ?6
        """]
        .Bind(1, KeyOf(suppression.Address)).Bind(2, suppression.Address).Bind(3, suppression.Reason).Bind(4, EventRow.Short(suppression.Detail))
        .Bind(5, suppression.At.ToUnixTimeMilliseconds()).Bind(6, suppression.MessageId?.ToString()).Execute();

    internal static Suppression Read(Statement row) => new(
        row.GetText(0), row.GetText(1), row.GetText(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
        MessageId.TryParse(row.GetTextOrNull(4), out MessageId id) ? id : null);
}
