namespace Smtp.Core;

/// <summary>What a <see cref="SendRefusal"/> means to a notification's writer.</summary>
public static class SendRefusalExtensions
{
    /// <summary>The enhanced status to report (RFC 3463, RFC 5248).</summary>
    public static EnhancedStatus ToStatus(this SendRefusal refusal) => refusal switch
    {
        SendRefusal.NeedsSmtpUtf8 => new EnhancedStatus(5, 6, 7),
        SendRefusal.NeedsEightBitMime or SendRefusal.NeedsBinaryMime => new EnhancedStatus(5, 6, 3),
        SendRefusal.NeedsRequireTls => new EnhancedStatus(5, 7, 30),
        SendRefusal.TooLarge => new EnhancedStatus(5, 3, 4),
        SendRefusal.BareLineEnding => new EnhancedStatus(5, 6, 0),
        SendRefusal.TooManyRecipients or SendRefusal.TooManyRecipientDomains or SendRefusal.TooManyMessages => new EnhancedStatus(4, 5, 3),
        _ => EnhancedStatus.None,
    };

    /// <summary>A sentence for people; empty for <see cref="SendRefusal.None"/>.</summary>
    public static string ToText(this SendRefusal refusal) => refusal switch
    {
        SendRefusal.NeedsSmtpUtf8 => "The message needs SMTPUTF8, which the server does not offer.",
        SendRefusal.NeedsEightBitMime => "The content has 8-bit octets and the server does not offer 8BITMIME.",
        SendRefusal.NeedsBinaryMime => "The content is binary and the server does not offer BINARYMIME and CHUNKING.",
        SendRefusal.NeedsRequireTls => "The message requires TLS, and the connection or the server does not support it.",
        SendRefusal.TooLarge => "The message is larger than the server accepts.",
        SendRefusal.BareLineEnding => "The content has a CR or LF that is not part of a CRLF.",
        SendRefusal.TooManyRecipients => "The server does not take so many recipients in one transaction.",
        SendRefusal.TooManyRecipientDomains => "The server does not take recipients of so many domains over one connection.",
        SendRefusal.TooManyMessages => "The server takes no more messages over this connection.",
        _ => string.Empty,
    };
}
