using MimeKit;

namespace Relay.Http;

/// <summary>Makes MIME parts of a request's attachments.</summary>
internal static class AttachmentReader
{
    internal const int MaximumAttachments = 100;

    private const int LongestName = 255;
    private const int LongestType = 255;

    /// <summary>Reads all attachments into a message's body.</summary>
    internal static void Read(IReadOnlyList<RequestedAttachment>? attachments, BodyBuilder body, List<FieldError> errors)
    {
        if (attachments?.Count > MaximumAttachments)
        {
            errors.Add(new FieldError("attachments", $"A message has at most {MaximumAttachments} attachments."));
            return;
        }

        for (int i = 0; i < attachments?.Count; i++)
        {
            string field = $"attachments[{i}]";
            if (attachments[i] is not { } attachment)
            {
                errors.Add(new FieldError(field, "An attachment is missing."));
                continue;
            }

            int before = errors.Count;
            ContentType? type = Type(attachment, field, errors);
            string? name = Name(attachment, field, errors);
            string? contentId = ContentId(attachment, field, errors);
            byte[]? content = Content(attachment, field, errors);
            if (errors.Count > before)
            {
                continue;
            }

            var part = new MimePart(type!)
            {
                Content = new MimeContent(new MemoryStream(content!, writable: false)),
                ContentDisposition = new ContentDisposition(contentId is null ? ContentDisposition.Attachment : ContentDisposition.Inline),

                // Whatever it is, it arrives octet by octet.
                ContentTransferEncoding = ContentEncoding.Base64,
            };
            if (name is not null)
            {
                part.FileName = name;
            }

            if (contentId is null)
            {
                body.Attachments.Add(part);
            }
            else
            {
                part.ContentId = contentId;
                body.LinkedResources.Add(part);
            }
        }
    }

    private static ContentType? Type(RequestedAttachment attachment, string field, List<FieldError> errors)
    {
        string text = attachment.ContentType ?? MimeTypes.GetMimeType(attachment.Filename ?? string.Empty);
        if (text.AsSpan().ContainsAnyExceptInRange(' ', '~') || !ContentType.TryParse(text, out ContentType? type))
        {
            errors.Add(new FieldError($"{field}.content_type", "This is not a media type such as application/pdf."));
            return null;
        }

        if (text.Length > LongestType)
        {
            errors.Add(new FieldError($"{field}.content_type", $"A media type has at most {LongestType} characters with its parameters."));
            return null;
        }

        if (type.IsMimeType("multipart", "*") || type.IsMimeType("message", "*"))
        {
            // RFC 2046 §5: these must not be encoded as a whole, and so could carry what a header must not.
            errors.Add(new FieldError($"{field}.content_type", "An attachment is one part: multipart/* and message/* are not taken."));
            return null;
        }

        return type;
    }

    private static string? Name(RequestedAttachment attachment, string field, List<FieldError> errors)
    {
        string? name = attachment.Filename;
        if (string.IsNullOrEmpty(name))
        {
            if (attachment.ContentId is null)
            {
                errors.Add(new FieldError($"{field}.filename", "An attachment needs a name."));
            }

            return null;
        }

        if (name.Length > LongestName || name.Any(c => char.IsControl(c) || c is '/' or '\\'))
        {
            errors.Add(new FieldError($"{field}.filename", $"A file name has at most {LongestName} characters, no control characters, no '/' and no '\\'."));
            return null;
        }

        return name;
    }

    private static string? ContentId(RequestedAttachment attachment, string field, List<FieldError> errors)
    {
        if (attachment.ContentId is not { } id)
        {
            return null;
        }

        if (id.Length is 0 or > 128 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@'))
        {
            errors.Add(new FieldError($"{field}.content_id", "A content id has 1 to 128 letters, digits, '.', '-', '_' and '@'."));
            return null;
        }

        return id;
    }

    private static byte[]? Content(RequestedAttachment attachment, string field, List<FieldError> errors)
    {
        if (attachment.Content is null)
        {
            errors.Add(new FieldError($"{field}.content", "An attachment needs its content in Base64."));
            return null;
        }

        byte[] content = new byte[(attachment.Content.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(attachment.Content, content, out int written))
        {
            errors.Add(new FieldError($"{field}.content", "This is not Base64 (RFC 4648 section 4)."));
            return null;
        }

        return content[..written];
    }
}
