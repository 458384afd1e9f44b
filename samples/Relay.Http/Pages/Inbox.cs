using System.Text.Json;
using Ganss.Xss;
using MimeKit;

namespace Relay.Http;

/// <summary>The capture server's folder, looked at. Nothing of a mail is trusted.</summary>
internal sealed class Inbox(HttpSettings settings)
{
    private const int LongestText = 2 * 1024 * 1024;

    private readonly string _folder = settings.CapturePath ?? string.Empty;

    internal bool IsThere => _folder.Length > 0 && Directory.Exists(_folder);

    /// <summary>A page of mails, the newest first.</summary>
    internal List<CapturedMail> List(string? before, int maximum)
    {
        if (!IsThere)
        {
            return [];
        }

        // Names sort by time.
        IEnumerable<string> ids = Directory.EnumerateFiles(_folder, "*.eml").Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(id => !id.StartsWith('.') && (before is null || string.CompareOrdinal(id, before) < 0))
            .OrderDescending(StringComparer.Ordinal);
        var mails = new List<CapturedMail>(maximum);
        foreach (string id in ids)
        {
            if (Summary(id) is { } mail)
            {
                mails.Add(mail);
            }

            if (mails.Count == maximum)
            {
                break;
            }
        }

        return mails;
    }

    /// <summary>Opens a mail; null if there is none.</summary>
    internal async Task<CapturedMailContent?> OpenAsync(string id, CancellationToken cancellationToken)
    {
        if (Summary(id) is not { } summary || await LoadAsync(id, cancellationToken).ConfigureAwait(false) is not { } message)
        {
            return null;
        }

        using (message)
        {
            string? text = message.TextBody;
            return new CapturedMailContent(
                summary,
                text is { Length: > LongestText } ? text[..LongestText] : text,
                message.HtmlBody is not null,
                message.HtmlBody is { Length: > LongestText },
                [.. message.Headers.Select(header => (header.Field, header.Value))],
                [.. Parts(message).Select((part, i) => (Part: part, Index: i)).Where(p => p.Part.IsAttachment || p.Part.FileName is not null)
                    .Select(p => new CapturedAttachment(p.Index, Name(p.Part, p.Index), p.Part.ContentType.MimeType))]);
        }
    }

    /// <summary>A mail's HTML without scripts, forms, styles that reach outside, and remote content; its inline images as data. Null if it has none.</summary>
    internal async Task<string?> HtmlAsync(string id, CancellationToken cancellationToken)
    {
        if (await LoadAsync(id, cancellationToken).ConfigureAwait(false) is not { } message)
        {
            return null;
        }

        using (message)
        {
            if (message.HtmlBody is not { Length: <= LongestText } html)
            {
                return null;
            }

            foreach (MimePart part in Parts(message).Where(part => part.ContentId is not null && part.ContentType.IsMimeType("image", "*") && part.Content is not null))
            {
                using var octets = new MemoryStream();
                await part.Content!.DecodeToAsync(octets, cancellationToken).ConfigureAwait(false);
                html = html.Replace(
                    $"cid:{part.ContentId}", $"data:{part.ContentType.MimeType};base64,{Convert.ToBase64String(octets.ToArray())}", StringComparison.OrdinalIgnoreCase);
            }

            if (HtmlNesting.IsTooDeep(html))
            {
                return "<p>This HTML is nested too deeply to be shown.</p>";
            }

            var sanitizer = new HtmlSanitizer();
            sanitizer.AllowedSchemes.Add("data");
            sanitizer.AllowedSchemes.Add("mailto");
            sanitizer.AllowedTags.Remove("form");
            sanitizer.AllowedTags.Remove("input");
            sanitizer.AllowedTags.Remove("button");
            sanitizer.AllowedTags.Add("style");
            sanitizer.AllowedCssProperties.Remove("position");
            sanitizer.FilterUrl += static (_, filtered) =>
            {
                // The policy of the answer stops remote content as well; here it is not even asked for. A link leads on only when somebody follows it.
                bool isLink = filtered.Tag?.LocalName is "a" && filtered.Tag.GetAttribute("href") == filtered.OriginalUrl;
                if (!isLink && !filtered.OriginalUrl.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase))
                {
                    filtered.SanitizedUrl = null;
                }
            };
            return sanitizer.SanitizeDocument(html);
        }
    }

    /// <summary>An attachment's octets and name; null if there is none.</summary>
    internal async Task<(byte[] Content, string Name)?> AttachmentAsync(string id, int index, CancellationToken cancellationToken)
    {
        if (await LoadAsync(id, cancellationToken).ConfigureAwait(false) is not { } message)
        {
            return null;
        }

        using (message)
        {
            if (Parts(message).ElementAtOrDefault(index) is not { Content: { } content } part)
            {
                return null;
            }

            using var octets = new MemoryStream();
            await content.DecodeToAsync(octets, cancellationToken).ConfigureAwait(false);
            return (octets.ToArray(), Name(part, index));
        }
    }

    /// <summary>The path of a mail; null if there is none.</summary>
    internal string? Find(string id)
    {
        // Names are of the capture server's making: letters, digits, and what can lead out of no folder.
        if (!IsThere || id.Length is 0 or > 128 || id[0] == '.' || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
        {
            return null;
        }

        string path = Path.Combine(_folder, id + ".eml");
        return File.Exists(path) ? path : null;
    }

    private static IEnumerable<MimePart> Parts(MimeMessage message) => message.BodyParts.OfType<MimePart>();

    private static string Name(MimePart part, int index) => part.FileName is { Length: > 0 } name
        ? string.Concat(name.Select(c => char.IsControl(c) || c is '/' or '\\' ? '_' : c))
        : $"part-{index}";

    private async Task<MimeMessage?> LoadAsync(string id, CancellationToken cancellationToken)
    {
        if (Find(id) is not { } path)
        {
            return null;
        }

        try
        {
            return await MimeMessage.LoadAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private CapturedMail? Summary(string id)
    {
        if (Find(id) is not { } path)
        {
            return null;
        }

        try
        {
            using var envelope = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(path, ".json")));
            using FileStream content = File.OpenRead(path);
            HeaderList headers = HeaderList.Load(content);
            JsonElement root = envelope.RootElement;
            return new CapturedMail(
                id,
                root.GetProperty("receivedAt").GetDateTimeOffset(),
                root.GetProperty("reversePath").GetString() ?? string.Empty,
                [.. root.GetProperty("forwardPaths").EnumerateArray().Select(to => to.GetString() ?? string.Empty)],
                headers[HeaderId.From] ?? string.Empty,
                headers[HeaderId.Subject] ?? string.Empty,
                content.Length);
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException)
        {
            // No header that can be read: listed by its name all the same.
            return new CapturedMail(id, File.GetLastWriteTimeUtc(path), string.Empty, [], string.Empty, id, new FileInfo(path).Length);
        }
    }
}
