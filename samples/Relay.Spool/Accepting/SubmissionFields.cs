using System.Globalization;

namespace Relay.Spool;

/// <summary>
/// The fields that a submission must have and may lack (RFC 6409 §8.2, §8.3): the one place where the relay makes them, for what came by the API and for
/// what leaves. The library's server adds them too, for sinks that want it: on the fly and without an id, so that it shares nothing with this.
/// </summary>
public static class SubmissionFields
{
    /// <summary>Makes those that a header lacks: <c>Date</c> and <c>Message-ID</c>.</summary>
    /// <param name="header">The header.</param>
    /// <param name="id">The relay's id of the message: the same at each attempt.</param>
    /// <param name="domain">What stands behind the at-sign of a Message-ID; an address literal becomes an atom.</param>
    /// <param name="at">When the relay took it.</param>
    /// <returns>Names and values, in the order in which they go in front.</returns>
    public static IReadOnlyList<(string Name, string Value)> Missing(ReadOnlySpan<byte> header, string id, string domain, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(domain);
        var fields = new List<(string, string)>();
        if (!HeaderScanner.Has(header, "Date:"u8))
        {
            fields.Add(("Date", string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:ddd, dd MMM yyyy HH:mm:ss} +0000")));
        }

        if (!HeaderScanner.Has(header, "Message-ID:"u8))
        {
            fields.Add(("Message-ID", $"<{id}@{domain.Trim('[', ']').Replace(':', '.')}>"));
        }

        return fields;
    }
}
