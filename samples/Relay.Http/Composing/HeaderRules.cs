using System.Collections.Frozen;
using System.Text;

namespace Relay.Http;

/// <summary>Which header fields a request may add.</summary>
internal static class HeaderRules
{
    // RFC 5322 §2.1.1; a field is folded, but one word of it may be as long.
    internal const int LongestValue = 8 * 1024;
    internal const int MaximumHeaders = 100;

    private const int LongestName = 76;

    // Made by the composer or by the relay; a second one would make readers and filters see different messages.
    private static readonly FrozenDictionary<string, string> Taken = new Dictionary<string, string>
    {
        ["From"] = "from",
        ["To"] = "to",
        ["Cc"] = "cc",
        ["Bcc"] = "bcc",
        ["Reply-To"] = "reply_to",
        ["Subject"] = "subject",
        ["X-Tag"] = "tags",
        ["X-PM-Tag"] = "tags",
        ["X-Mailgun-Tag"] = "tags",
        ["X-SES-Message-Tags"] = "tags",
        ["X-SMTPAPI"] = "tags and metadata",
        ["X-Custom-Id"] = "custom_id",
        ["X-Mailgun-Variables"] = "metadata",
        ["X-Relay-Priority"] = "priority",
        ["X-Relay-Stream"] = "stream",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Reserved = new[]
    {
        "Sender", "Date", "Message-ID", "MIME-Version", "Received", "Return-Path", "Delivered-To", "Authentication-Results", "DKIM-Signature",
        "Received-SPF", "X-Metadata", "Disposition-Notification-To", "Apparently-To", "Errors-To",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] ReservedPrefixes = ["Content-", "Resent-", "ARC-", "X-Metadata-", "X-PM-Metadata-"];

    /// <summary>Says what is wrong with a field.</summary>
    /// <returns>A sentence; null if nothing is.</returns>
    internal static string? Check(string name, string? value)
    {
        // field-name = 1*ftext (RFC 5322 §3.6.8)
        if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExceptInRange('!', '~') || name.Contains(':', StringComparison.Ordinal))
        {
            return $"A header field's name has 1 to {LongestName} printable ASCII characters and no colon (RFC 5322 section 3.6.8).";
        }

        if (Taken.TryGetValue(name, out string? field))
        {
            return $"Use \"{field}\" instead of this header field.";
        }

        if (Reserved.Contains(name) || Array.Exists(ReservedPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
        {
            return "This header field is made by the relay, and not taken from a request.";
        }

        if (value is null)
        {
            return "A header field's value is a text.";
        }

        if (value.Length > LongestValue)
        {
            return $"A header field's value has at most {LongestValue} characters.";
        }

        foreach (Rune rune in value.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar || rune.Value is 0x2028 or 0x2029)
            {
                return "A header field's value must not hold line breaks or other control characters.";
            }
        }

        return null;
    }
}
