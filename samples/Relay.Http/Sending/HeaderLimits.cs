using Relay.Spool;

namespace Relay.Http;

/// <summary>The limits of a header, which are those of the relay's SMTP server: what it refuses with 552 5.3.4 and with 554 5.4.6 is refused here too.</summary>
internal static class HeaderLimits
{
    /// <summary>Says what is wrong with a header.</summary>
    /// <param name="header">The header.</param>
    /// <param name="field">The field of the request that it comes from.</param>
    /// <param name="errors">Takes what is wrong.</param>
    internal static void Check(ReadOnlySpan<byte> header, string field, List<FieldError> errors)
    {
        if (header.Length > SpoolOptions.DefaultMaximumInlineContent)
        {
            errors.Add(new FieldError(
                field, $"The header has {header.Length} octets with all its addresses; at most {SpoolOptions.DefaultMaximumInlineContent} are taken."));
        }

        int received = HeaderFacts.Read(header).ReceivedFields;
        if (received > SpoolSinkOptions.DefaultMaximumReceivedFields)
        {
            errors.Add(new FieldError(
                field, $"The message has {received} Received fields; at most {SpoolSinkOptions.DefaultMaximumReceivedFields} are taken: it goes round in a circle."));
        }
    }
}
