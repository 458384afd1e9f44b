using MimeKit;

namespace Relay.Http;

/// <summary>Whose names a header bears: what a reader is shown as the author must be what the key was checked for.</summary>
internal static class AuthorDomains
{
    /// <summary>
    /// Whether a key may send under all names of a header: one From field (RFC 5322 §3.6) whose every mailbox, and that of Sender if there is one, is of the
    /// key's domains. A second From field, or one that cannot be read, would let readers see another author than this check.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="header">All fields with their line endings.</param>
    internal static bool Allow(ApiKey key, ReadOnlySpan<byte> header)
    {
        if (key.SenderDomains.Count == 0)
        {
            return true;
        }

        HeaderList fields;
        try
        {
            using var stream = new MemoryStream([.. header, .. "\r\n"u8]);
            fields = HeaderList.Load(stream);
        }
        catch (FormatException)
        {
            return false;
        }

        int authors = 0;
        foreach (Header field in fields)
        {
            if (field.Id is not (HeaderId.From or HeaderId.Sender))
            {
                continue;
            }

            authors += field.Id == HeaderId.From ? 1 : 0;
            if (!InternetAddressList.TryParse(field.RawValue, out InternetAddressList? list) || !list.Mailboxes.Any())
            {
                return false;
            }

            foreach (MailboxAddress mailbox in list.Mailboxes)
            {
                int at = mailbox.Address.LastIndexOf('@');
                if (at < 0 || AddressReader.Domain(mailbox.Address.AsSpan(at + 1)) is not { } domain || !key.MaySendFrom(domain))
                {
                    return false;
                }
            }
        }

        return authors == 1;
    }
}
