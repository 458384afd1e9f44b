using System.Text;
using MimeKit;
using Relay.Spool;
using Smtp.Core;
using MessagePriority = Relay.Spool.MessagePriority;

namespace Relay.Http;

/// <summary>Makes a message for the spool of a whole MIME message.</summary>
internal sealed class RawMessageReader(HttpSettings settings)
{
    private const int LongestDisplay = 200;

    /// <summary>
    /// Reads a message: (1) its octets, (2) its header, where the labels and Bcc are taken off, (3) its envelope. What lacks From is refused; Message-ID and
    /// Date are added where they lack (RFC 6409 §8).
    /// </summary>
    internal (MessageFacts Facts, List<SmtpPath> Recipients, byte[] Content)? Read(
        RawMessageRequest request, MessageId id, DateTimeOffset now, List<FieldError> errors)
    {
        // (1)
        if (Octets(request, errors) is not { } octets)
        {
            return null;
        }

        // (2)
        int end = HeaderScanner.HeaderLength(octets);
        SubmissionLabels labels = SubmissionHeaders.Read(octets.AsMemory(0, end));
        HeaderList headers;
        try
        {
            using var stream = new MemoryStream([.. labels.Header.Span, .. "\r\n"u8]);
            headers = HeaderList.Load(stream);
        }
        catch (FormatException)
        {
            errors.Add(new FieldError("content", "The header cannot be read."));
            return null;
        }

        string[] tags = [.. labels.Tags.Concat(request.Tags ?? []).Distinct(StringComparer.Ordinal)];
        Dictionary<string, string> metadata = new(labels.Metadata, StringComparer.Ordinal);
        foreach ((string key, string value) in request.Metadata ?? new Dictionary<string, string>())
        {
            metadata[key] = value;
        }

        MessageLabels.Check(tags, metadata, request.CustomId, errors);
        MessageSender.CheckSchedule(request.ScheduledAt, now, errors);
        HeaderLimits.Check(octets.AsSpan(0, end), "content", errors);

        // (3)
        ReadAddress? author = headers[HeaderId.From] is { } field && InternetAddressList.TryParse(field, out InternetAddressList? authors) && authors.Mailboxes.FirstOrDefault() is { } first
            ? AddressReader.Read(new RequestedAddress(first.Address), "content", errors)
            : null;
        if (author is null)
        {
            errors.Add(new FieldError("content", "The message has no From field with an address."));
        }

        ReadAddress? sender = request.From is null ? author : AddressReader.Read(RequestedAddress.FromText(request.From), "from", errors);
        List<ReadAddress> recipients = AddressReader.Read(
            request.To is null ? Addressed(headers) : [.. request.To.Select(to => to is null ? null! : RequestedAddress.FromText(to))], request.To is null ? "content" : "to", errors);
        if (recipients.Count == 0)
        {
            errors.Add(new FieldError("to", "A message needs at least one recipient."));
        }
        else if (recipients.Count > settings.Limits.MaximumRecipients)
        {
            errors.Add(new FieldError("to", $"A message has at most {settings.Limits.MaximumRecipients} recipients."));
        }

        byte[] header = Complete(labels.Header.Span, id, author?.Domain ?? settings.HostName, now);
        byte[] content = [.. header, .. octets.AsSpan(end)];
        if (ContentCheck.Check(content) is { } wrong)
        {
            errors.Add(new FieldError("content", wrong));
        }

        if (content.Length > settings.Limits.MaximumMessageSize)
        {
            errors.Add(new FieldError("content", $"The message has {content.Length} octets; at most {settings.Limits.MaximumMessageSize} are taken."));
        }

        if (errors.Count > 0)
        {
            return null;
        }

        var facts = new MessageFacts
        {
            ReversePath = sender!.Path.ToString(),
            Body = Ascii.IsValid(content) ? BodyType.SevenBit : BodyType.EightBitMime,
            SmtpUtf8 = !Ascii.IsValid(header) || sender.Path.RequiresSmtpUtf8 || recipients.Exists(r => r.Path.RequiresSmtpUtf8),
            Tags = tags,
            Metadata = metadata,
            CustomId = request.CustomId ?? labels.CustomId,
            Priority = labels.Priority ?? MessagePriority.Normal,
            Stream = labels.Stream ?? MessageFacts.TransactionalStream,
            SenderDomain = author!.Domain,
            From = Short(headers[HeaderId.From]),
            Subject = Short(headers[HeaderId.Subject]),
            Source = MessageSource.Api,
            IsTest = request.Test,
            ScheduledAt = request.ScheduledAt > now ? request.ScheduledAt : null,
        };
        return (facts, [.. recipients.Select(r => r.Path).Distinct()], content);
    }

    private static byte[]? Octets(RawMessageRequest request, List<FieldError> errors)
    {
        if (request.Content is null == request.ContentBase64 is null)
        {
            errors.Add(new FieldError("content", "Give either content or content_base64."));
            return null;
        }

        byte[] octets;
        if (request.Content is not null)
        {
            octets = Encoding.UTF8.GetBytes(ContentCheck.WithCrLf(request.Content));
        }
        else
        {
            octets = new byte[(request.ContentBase64!.Length / 4 * 3) + 3];
            if (!Convert.TryFromBase64String(request.ContentBase64, octets, out int written))
            {
                errors.Add(new FieldError("content_base64", "This is not Base64 (RFC 4648 section 4)."));
                return null;
            }

            Array.Resize(ref octets, written);
        }

        return octets.AsSpan().EndsWith("\r\n"u8) ? octets : [.. octets, .. "\r\n"u8];
    }

    private static List<RequestedAddress> Addressed(HeaderList headers)
    {
        var addresses = new List<RequestedAddress>();
        foreach (Header field in headers)
        {
            if (field.Id is HeaderId.To or HeaderId.Cc or HeaderId.Bcc && InternetAddressList.TryParse(field.Value, out InternetAddressList? list))
            {
                addresses.AddRange(list.Mailboxes.Select(mailbox => new RequestedAddress(mailbox.Address)));
            }
        }

        return addresses;
    }

    private static byte[] Complete(ReadOnlySpan<byte> header, MessageId id, string domain, DateTimeOffset now)
    {
        IEnumerable<string> added = SubmissionFields.Missing(header, id.ToString(), domain, now).Select(field => $"{field.Name}: {field.Value}\r\n");
        return [.. Encoding.ASCII.GetBytes(string.Concat(added)), .. SubmissionHeaders.WithoutBcc(header)];
    }

    private static string Short(string? text) => text is null ? string.Empty : text.Length <= LongestDisplay ? text : text[..LongestDisplay];
}
