using MimeKit;
using MimeKit.Cryptography;

namespace Smtp.MimeKit;

/// <summary>How a <see cref="MimeMessage"/> becomes a message to send.</summary>
public sealed class MimeSendOptions
{
    /// <summary>The fields that DKIM signs by default: those of RFC 6376 §5.4.1 that programs write, From first.</summary>
    public static IReadOnlyList<HeaderId> DefaultSignedHeaders { get; } =
    [
        HeaderId.From, HeaderId.Sender, HeaderId.ReplyTo, HeaderId.Subject, HeaderId.Date, HeaderId.MessageId, HeaderId.To, HeaderId.Cc,
        HeaderId.MimeVersion, HeaderId.ContentType, HeaderId.ContentTransferEncoding, HeaderId.InReplyTo, HeaderId.References,
        HeaderId.ListId, HeaderId.ListUnsubscribe, HeaderId.ListUnsubscribePost,
    ];

    /// <summary>Where notifications go. Default null: Sender, or else the first address of From.</summary>
    public MailboxAddress? From { get; init; }

    /// <summary>Whom it is for. Default null: all of To, Cc and Bcc, or of their Resent- forms if there are any, each address once.</summary>
    public IEnumerable<MailboxAddress>? To { get; init; }

    /// <summary>Signs the message with DKIM (RFC 6376). Default null: not.</summary>
    public DkimSigner? Dkim { get; init; }

    /// <summary>The fields to sign if the message has them. Default <see cref="DefaultSignedHeaders"/>.</summary>
    public IReadOnlyList<HeaderId> SignedHeaders { get; init; } = DefaultSignedHeaders;

    /// <summary>
    /// What bodies are encoded for before they are sent or signed. Default <see cref="EncodingConstraint.SevenBit"/>: every server takes it, and no relay breaks a
    /// signature by encoding it anew.
    /// </summary>
    public EncodingConstraint Encoding { get; init; } = EncodingConstraint.SevenBit;
}
