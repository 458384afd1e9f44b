using System.Text;
using MimeKit;
using Smtp.Core;

namespace Relay.Http;

/// <summary>Makes MIME of a request. What SMTP would have to refuse is refused here, with the field's name.</summary>
/// <param name="limits">The limits of the SMTP server beside it: a message that it would refuse is refused here too.</param>
internal sealed class MessageComposer(SmtpLimits limits)
{
    private const int LongestSubject = 998;

    /// <summary>Composes a message: (1) the envelope, (2) the header, (3) the body, (4) the octets, which are looked at once more.</summary>
    /// <param name="request">The request; its template, if it has one, is already rendered into subject, text and HTML.</param>
    /// <param name="id">The message's id, which is also the left side of its Message-ID.</param>
    /// <param name="now">The Date field.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <returns>The message; null if something is wrong.</returns>
    internal ComposedMessage? Compose(MessageRequest request, string id, DateTimeOffset now, List<FieldError> errors)
    {
        // (1)
        ReadAddress? from = null;
        if (request.From is null)
        {
            errors.Add(new FieldError("from", "A message needs an author."));
        }
        else
        {
            from = AddressReader.Read(request.From, "from", errors);
        }

        List<ReadAddress> to = AddressReader.Read(request.To, "to", errors);
        List<ReadAddress> cc = AddressReader.Read(request.Cc, "cc", errors);
        List<ReadAddress> bcc = AddressReader.Read(request.Bcc, "bcc", errors);
        List<ReadAddress> replyTo = AddressReader.Read(request.ReplyTo, "reply_to", errors);
        int given = (request.To?.Count ?? 0) + (request.Cc?.Count ?? 0) + (request.Bcc?.Count ?? 0);
        if (given == 0)
        {
            errors.Add(new FieldError("to", "A message needs at least one recipient in to, cc or bcc."));
        }
        else if (given > limits.MaximumRecipients)
        {
            errors.Add(new FieldError("to", $"A message has at most {limits.MaximumRecipients} recipients; these are {given}."));
        }

        // (2)
        using var message = new MimeMessage();
        message.Headers.Clear();
        CheckSubject(request.Subject, errors);
        AddHeaders(message, request.Headers, errors);

        // (3)
        var body = new BodyBuilder();
        AddBody(request, body, errors);
        if (errors.Count > 0)
        {
            return null;
        }

        message.From.Add(from!.Mailbox);
        message.To.AddRange(to.Select(address => address.Mailbox));
        message.Cc.AddRange(cc.Select(address => address.Mailbox));
        message.ReplyTo.AddRange(replyTo.Select(address => address.Mailbox));
        message.Subject = request.Subject ?? string.Empty;
        message.Date = now;
        message.MessageId = $"{id}@{from.Domain.TrimStart('[').TrimEnd(']')}";
        message.Body = body.ToMessageBody();

        // (4)
        SmtpPath[] recipients = [.. to.Concat(cc).Concat(bcc).Select(address => address.Path).Distinct()];
        bool utf8 = from.Path.RequiresSmtpUtf8 || Array.Exists(recipients, r => r.RequiresSmtpUtf8)
            || replyTo.Exists(address => address.Path.RequiresSmtpUtf8);
        byte[] content = Write(message, utf8);
        if (content.Length > limits.MaximumMessageSize)
        {
            errors.Add(new FieldError("attachments", $"The message has {content.Length} octets; at most {limits.MaximumMessageSize} are taken."));
            return null;
        }

        if (ContentCheck.Check(content) is { } wrong)
        {
            errors.Add(new FieldError("headers", $"The message cannot be sent: {wrong}"));
            return null;
        }

        return new ComposedMessage(from.Path, recipients, content, utf8, from.Mailbox.ToString(), request.Subject ?? string.Empty, from.Domain) { Is8Bit = utf8 };
    }

    private static byte[] Write(MimeMessage message, bool utf8)
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.International = utf8;
        format.EnsureNewLine = true;

        // The next hop may lack 8BITMIME, and content is never changed on its way.
        message.Prepare(EncodingConstraint.SevenBit);
        using var octets = new MemoryStream(4096);
        message.WriteTo(format, octets);
        return octets.ToArray();
    }

    private static void CheckSubject(string? subject, List<FieldError> errors)
    {
        if (subject is null)
        {
            return;
        }

        if (subject.Length > LongestSubject)
        {
            errors.Add(new FieldError("subject", $"A subject has at most {LongestSubject} characters."));
        }
        else if (subject.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029'))
        {
            errors.Add(new FieldError("subject", "A subject must not hold line breaks or other control characters."));
        }
    }

    private static void AddHeaders(MimeMessage message, IReadOnlyDictionary<string, string>? headers, List<FieldError> errors)
    {
        if (headers is null)
        {
            return;
        }

        if (headers.Count > HeaderRules.MaximumHeaders)
        {
            errors.Add(new FieldError("headers", $"A message has at most {HeaderRules.MaximumHeaders} header fields of its own."));
            return;
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in headers)
        {
            if (!names.Add(name))
            {
                errors.Add(new FieldError($"headers.{MessageLabels.Printable(name)}", "This header field is given twice: its name is the same in upper and lower case."));
            }
            else if (HeaderRules.Check(name, value) is { } wrong)
            {
                errors.Add(new FieldError($"headers.{MessageLabels.Printable(name)}", wrong));
            }
            else
            {
                message.Headers.Add(new Header(Encoding.UTF8, name, value));
            }
        }
    }

    private static void AddBody(MessageRequest request, BodyBuilder body, List<FieldError> errors)
    {
        if (request.Text is null && request.Html is null)
        {
            errors.Add(new FieldError("text", "A message needs text, html or a template."));
        }

        body.TextBody = Body(request.Text, "text");
        body.HtmlBody = Body(request.Html, "html");
        AttachmentReader.Read(request.Attachments, body, errors);

        string? Body(string? text, string field)
        {
            if (text is null)
            {
                return null;
            }

            if (text.Contains('\0', StringComparison.Ordinal))
            {
                errors.Add(new FieldError(field, "The text must not hold NUL characters."));
                return null;
            }

            return ContentCheck.WithCrLf(text);
        }
    }
}
