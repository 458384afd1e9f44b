using System.Globalization;
using System.Text;
using MimeKit;
using Smtp.Core;

namespace Relay.Http;

/// <summary>Makes addresses of what requests give, and says what SMTP would refuse.</summary>
internal static class AddressReader
{
    private const int LongestName = 320;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    // RFC 5322 in the form that is to be written: no bare local part, no comment that would be lost.
    private static readonly ParserOptions Strict = new()
    {
        AddressParserComplianceMode = RfcComplianceMode.Strict,
        AllowAddressesWithoutDomain = false,
        AllowUnquotedCommasInAddresses = false,
    };

    /// <summary>Reads one address.</summary>
    /// <param name="address">What was given.</param>
    /// <param name="field">The field to name.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <returns>The address; null if something is wrong.</returns>
    internal static ReadAddress? Read(RequestedAddress address, string field, List<FieldError> errors)
    {
        string email = address.Email;
        string? name = address.Name;

        // Before anything is parsed: a parser may unfold a line break, and then it is a header field of its own.
        if (HasControl(email) || (name is not null && HasControl(name)))
        {
            errors.Add(new FieldError(field, "An address must not hold line breaks or other control characters."));
            return null;
        }

        if (address.IsText && email.AsSpan().ContainsAny('<', ' ', '"'))
        {
            if (!MailboxAddress.TryParse(Strict, email, out MailboxAddress? mailbox))
            {
                errors.Add(new FieldError(field, "This is not one address such as user@example.com or Name <user@example.com>."));
                return null;
            }

            (email, name) = (mailbox.Address, mailbox.Name);
        }

        if (name is { Length: > LongestName })
        {
            errors.Add(new FieldError(field, $"A display name has at most {LongestName} characters."));
            return null;
        }

        int at = email.LastIndexOf('@');
        if (at <= 0 || at == email.Length - 1)
        {
            errors.Add(new FieldError(field, "An address has the form local-part@domain."));
            return null;
        }

        string? domain = Domain(email.AsSpan(at + 1));
        if (domain is null || !SmtpPath.TryParse($"{email.AsSpan(0, at)}@{domain}", out SmtpPath path) || path.IsNull)
        {
            errors.Add(new FieldError(field, "SMTP does not take this address (RFC 5321 section 4.1.2, RFC 6531 section 3.3)."));
            return null;
        }

        return new ReadAddress(path, new MailboxAddress(Encoding.UTF8, string.IsNullOrWhiteSpace(name) ? null : name, path.ToString()), domain);
    }

    /// <summary>Reads a list of addresses.</summary>
    internal static List<ReadAddress> Read(IReadOnlyList<RequestedAddress>? addresses, string field, List<FieldError> errors)
    {
        var read = new List<ReadAddress>(addresses?.Count ?? 0);
        for (int i = 0; i < addresses?.Count; i++)
        {
            if (addresses[i] is not { } given)
            {
                errors.Add(new FieldError($"{field}[{i}]", "An address is missing."));
            }
            else if (Read(given, $"{field}[{i}]", errors) is { } address)
            {
                read.Add(address);
            }
        }

        return read;
    }

    /// <summary>A domain in lower case and in A-labels; an address literal as it is. Null if there is no such domain.</summary>
    internal static string? Domain(ReadOnlySpan<char> domain)
    {
        if (domain is ['[', ..])
        {
            return domain.ToString();
        }

        if (Ascii.IsValid(domain))
        {
            return domain.ToString().ToLowerInvariant();
        }

        try
        {
            return Idn.GetAscii(domain.ToString()).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool HasControl(string text)
    {
        foreach (char c in text)
        {
            // The line and paragraph separators end a line in some readers.
            if (char.IsControl(c) || c is '\u2028' or '\u2029')
            {
                return true;
            }
        }

        return false;
    }
}
