using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MimeKit.Text;
using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// Rewrites the HTML of a tracked message, and reads its links when they come back. What a link leads to stands in the link itself and is signed: nobody can
/// make this host redirect to an address that was not in a mail.
/// </summary>
/// <param name="key">The signing key, 256 bits.</param>
/// <param name="publicUrl">The address by which the world reaches this host.</param>
internal sealed class Tracker(byte[] key, Func<Uri> publicUrl)
{
    private const int IdLength = 16;
    private const int SignatureLength = 16;

    /// <summary>Rewrites HTML: links of http and https go by way of this host, an image at the end tells that it was opened.</summary>
    internal string Rewrite(string html, MessageId id, bool opens, bool clicks)
    {
        Uri url = publicUrl();
        bool isDone = !opens;
        var converter = new HtmlToHtml
        {
            DetectEncodingFromByteOrderMark = false,
            HtmlTagCallback = (context, writer) =>
            {
                if (!isDone && context.TagId == HtmlTagId.Body && context.IsEndTag)
                {
                    writer.WriteMarkupText(Image(url, id));
                    isDone = true;
                }

                WriteTag(context, writer, url, id, clicks);
            },
        };
        using var reader = new StringReader(html);
        using var rewritten = new StringWriter();
        converter.Convert(reader, rewritten);
        return isDone ? rewritten.ToString() : rewritten + Image(url, id);
    }

    /// <summary>Reads what stands behind <c>/t/o/</c>.</summary>
    internal bool TryReadOpen(string token, out MessageId id) => TryRead(token, 'o', out id, out _);

    /// <summary>Reads what stands behind <c>/t/c/</c>.</summary>
    internal bool TryReadClick(string token, out MessageId id, out string target) => TryRead(token, 'c', out id, out target) && IsWeb(target);

    private static bool IsWeb(string target) =>
        Uri.TryCreate(target, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    private string Image(Uri url, MessageId id) =>
        $"<img src=\"{new Uri(url, $"/t/o/{Token('o', id, string.Empty)}")}\" width=\"1\" height=\"1\" alt=\"\">";

    private void WriteTag(HtmlTagContext context, HtmlWriter writer, Uri url, MessageId id, bool clicks)
    {
        if (!clicks || context.IsEndTag || context.TagId is not (HtmlTagId.A or HtmlTagId.Area))
        {
            context.WriteTag(writer, true);
            return;
        }

        context.WriteTag(writer, false);
        foreach (HtmlAttribute attribute in context.Attributes)
        {
            if (attribute.Id == HtmlAttributeId.Href && attribute.Value?.Trim() is { } target && IsWeb(target))
            {
                writer.WriteAttribute(HtmlAttributeId.Href, new Uri(url, $"/t/c/{Token('c', id, target)}").ToString());
            }
            else
            {
                writer.WriteAttribute(attribute);
            }
        }
    }

    /// <summary><c>BASE64URL(signature, id, target)</c></summary>
    private string Token(char kind, MessageId id, string target)
    {
        byte[] octets = [.. new byte[SignatureLength], .. id.ToGuid().ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(target)];
        Sign(kind, octets.AsSpan(SignatureLength), octets);
        return Base64Url.EncodeToString(octets);
    }

    private bool TryRead(string token, char kind, out MessageId id, out string target)
    {
        id = default;
        target = string.Empty;
        byte[] octets;
        try
        {
            octets = Base64Url.DecodeFromChars(token);
        }
        catch (FormatException)
        {
            return false;
        }

        if (octets.Length < SignatureLength + IdLength)
        {
            return false;
        }

        Span<byte> signature = stackalloc byte[SignatureLength];
        Sign(kind, octets.AsSpan(SignatureLength), signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, octets.AsSpan(0, SignatureLength)))
        {
            return false;
        }

        id = MessageId.Parse(new Guid(octets.AsSpan(SignatureLength, IdLength), bigEndian: true).ToString("N"));
        target = Encoding.UTF8.GetString(octets.AsSpan(SignatureLength + IdLength));
        return true;
    }

    private void Sign(char kind, ReadOnlySpan<byte> payload, Span<byte> signature)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData([(byte)kind]);
        hmac.AppendData(payload);
        hmac.GetHashAndReset(whole);
        whole[..SignatureLength].CopyTo(signature);
    }
}
