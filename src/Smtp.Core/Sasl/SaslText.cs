using System.Text;

namespace Smtp.Core;

/// <summary>What user names and passwords may hold.</summary>
internal static class SaslText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses NUL, which separates PLAIN's fields (RFC 4616 §2), and what has no UTF-8 form.</summary>
    internal static void Demand(string text, string name, bool allowEmpty)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        if (!allowEmpty && text.Length == 0)
        {
            throw new ArgumentException("Must not be empty.", name);
        }

        // The value is a secret or close to one: no message quotes it.
        if (text.Contains('\0'))
        {
            throw new ArgumentException("Must not hold a NUL (RFC 4616 section 2).", name);
        }

        try
        {
            StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException("Must have a UTF-8 form: it holds half of a surrogate pair.", name);
        }
    }

    /// <summary>Refuses control characters, one of which separates the fields of the OAuth mechanisms (RFC 7628 §3.1).</summary>
    internal static void DemandVisible(string text, string name)
    {
        if (text.AsSpan().ContainsAnyInRange('\0', '\x1F') || text.Contains('\x7F'))
        {
            throw new ArgumentException("Must not hold control characters.", name);
        }
    }

    /// <summary><c>b64token</c> (RFC 6750 §2.1), widened to all that is visible in ASCII.</summary>
    internal static void DemandToken(string token, string name)
    {
        ArgumentNullException.ThrowIfNull(token, name);
        if (token.Length == 0 || token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException("An access token is visible ASCII, and not empty.", name);
        }
    }
}
