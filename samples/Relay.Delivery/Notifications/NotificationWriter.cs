using System.Globalization;
using System.Text;
using MimeKit;
using MimeKit.Utils;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Writes delivery status notifications (RFC 3464, RFC 3461 §6): <c>multipart/report</c> for people and programs, with the message or its header.</summary>
/// <param name="hostName">The relay's name: Reporting-MTA, and the domain of the From address.</param>
/// <param name="time">The clock of the Date field.</param>
public sealed class NotificationWriter(string hostName, TimeProvider time)
{
    /// <summary>The largest message that is returned whole, in octets; what is larger is returned as its header, even with RET=FULL (RFC 3461 §6.2).</summary>
    public const int LargestReturned = 64 * 1024;

    // With its name a field stays under the 998 octets of a line (RFC 5322 §2.1.1), should every character be of two.
    private const int LongestValue = 480;

    /// <summary>Whether a recipient's fate is to be told.</summary>
    /// <param name="action">Its fate.</param>
    /// <param name="notify">What the sender wants to be told.</param>
    /// <param name="reversePath">Where it would go; nothing ever goes to the null path (RFC 5321 §4.5.5).</param>
    public static bool IsWanted(NotificationAction action, DsnNotify notify, string reversePath)
    {
        ArgumentNullException.ThrowIfNull(reversePath);
        return reversePath.Length > 0 && action switch
        {
            NotificationAction.Failed => notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Failure),
            NotificationAction.Delayed => notify == DsnNotify.Unspecified || notify.HasFlag(DsnNotify.Delay),
            _ => notify.HasFlag(DsnNotify.Success),
        };
    }

    /// <summary>Writes a notification.</summary>
    /// <param name="action">What became of the recipients.</param>
    /// <param name="message">The message.</param>
    /// <param name="recipients">The recipients that it is told of; at least one.</param>
    /// <param name="givenUpAt">When the relay will give up; for a delay.</param>
    /// <returns>The notification, to be sent from the null path to the message's reverse-path.</returns>
    public byte[] Write(NotificationAction action, NotifiedMessage message, IReadOnlyList<NotifiedRecipient> recipients, DateTimeOffset? givenUpAt = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(recipients);
        ReadOnlySpan<byte> content = message.Content.Span;
        bool isWhole = message.Return == DsnReturn.Full && content.Length <= LargestReturned && action == NotificationAction.Failed;
        int header = HeaderScanner.HeaderLength(content);
        byte[] returned = content[..(isWhole ? content.Length : header)].ToArray();
        bool isInternational = !Ascii.IsValid(message.ReversePath) || recipients.Any(r => !Ascii.IsValid(r.Address));

        using var report = new MultipartReport("delivery-status")
        {
            new TextPart("plain") { Text = Explain(action, message, recipients, givenUpAt) },
            Status(action, message, recipients, givenUpAt, isInternational),
            Returned(returned, isWhole, isInternational),
        };
        using var notification = new MimeMessage();
        notification.From.Add(new MailboxAddress("Mail Delivery System", $"MAILER-DAEMON@{hostName}"));
        notification.To.Add(new MailboxAddress(Encoding.UTF8, string.Empty, message.ReversePath));
        notification.Subject = action switch
        {
            NotificationAction.Failed => "Undelivered mail returned to sender",
            NotificationAction.Delayed => "Delayed mail (still being tried)",
            _ => "Successful mail delivery report",
        };
        notification.Date = time.GetUtcNow();
        notification.MessageId = MimeUtils.GenerateMessageId(hostName);

        // RFC 3834 §5: no automatic answer is to be made to it.
        notification.Headers.Add("Auto-Submitted", "auto-replied");
        notification.Body = report;
        using var written = new MemoryStream();
        FormatOptions format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        format.International = isInternational;
        notification.WriteTo(format, written);
        return written.ToArray();
    }

    private string Explain(NotificationAction action, NotifiedMessage message, IReadOnlyList<NotifiedRecipient> recipients, DateTimeOffset? givenUpAt)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"This is the mail system at {hostName}.").AppendLine();
        text.AppendLine(action switch
        {
            NotificationAction.Failed => "Your message could not be delivered to the recipients below. It will not be tried again.",
            NotificationAction.Delayed when givenUpAt is { } end => string.Create(
                CultureInfo.InvariantCulture,
                $"Your message could not be delivered yet. You need do nothing: it is tried again until {end.UtcDateTime:ddd, d MMM yyyy HH:mm} UTC."),
            NotificationAction.Delayed => "Your message could not be delivered yet. You need do nothing: it is tried again.",
            NotificationAction.Relayed => "Your message was passed on to systems that do not tell what becomes of it. You will not hear more of these recipients.",
            _ => "Your message was delivered to the recipients below.",
        }).AppendLine();
        foreach (NotifiedRecipient recipient in recipients)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"<{recipient.Address}>: {recipient.Explanation}");
            if (recipient.Diagnostic.Length > 0)
            {
                string who = recipient.RemoteHost.Length > 0 ? recipient.RemoteHost : "The receiving system";
                text.AppendLine(CultureInfo.InvariantCulture, $"    {who} said: {recipient.Diagnostic.Replace("\n", " / ", StringComparison.Ordinal)}");
            }
        }

        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"The message is {message.Id} in the records of {hostName}.");
        return text.ToString();
    }

    /// <summary>Written out, as MimeKit would encode the UTF-8 that RFC 6533 §3 wants as it is.</summary>
    private MimePart Status(
        NotificationAction action, NotifiedMessage message, IReadOnlyList<NotifiedRecipient> recipients, DateTimeOffset? givenUpAt, bool isInternational)
    {
        var fields = new StringBuilder();
        Field("Reporting-MTA", $"dns; {hostName}");
        if (message.EnvelopeId.Length > 0)
        {
            Field("Original-Envelope-Id", Decode(message.EnvelopeId) ?? message.EnvelopeId);
        }

        Field("Arrival-Date", DateUtils.FormatDate(message.AcceptedAt));
        foreach (NotifiedRecipient recipient in recipients)
        {
            fields.Append("\r\n");
            if (Original(recipient.OriginalRecipient) is { } original)
            {
                Field("Original-Recipient", original);
            }

            Field("Final-Recipient", $"{(Ascii.IsValid(recipient.Address) ? "rfc822" : "utf-8")}; {recipient.Address}");
            Field("Action", action.ToString().ToLowerInvariant());
            Field("Status", recipient.Status);
            if (recipient.RemoteHost.Length > 0)
            {
                Field("Remote-MTA", $"dns; {recipient.RemoteHost}");
            }

            if (recipient.Diagnostic.Length > 0)
            {
                Field("Diagnostic-Code", $"smtp; {recipient.Diagnostic}");
            }

            Field("Last-Attempt-Date", DateUtils.FormatDate(recipient.LastAttempt));
            if (action == NotificationAction.Delayed && givenUpAt is { } end)
            {
                Field("Will-Retry-Until", DateUtils.FormatDate(end));
            }
        }

        return new MimePart("message", isInternational ? "global-delivery-status" : "delivery-status")
        {
            Content = new MimeContent(new MemoryStream(Encoding.UTF8.GetBytes(fields.ToString()))),
            ContentTransferEncoding = isInternational ? ContentEncoding.EightBit : ContentEncoding.SevenBit,
        };

        void Field(string name, string value) => fields.Append(name).Append(": ").Append(OneLine(value, isInternational)).Append("\r\n");
    }

    private static MimePart Returned(byte[] content, bool isWhole, bool isInternational)
    {
        string type = isWhole ? "message" : "text";
        string subtype = (isWhole, isInternational) switch
        {
            (true, false) => "rfc822",
            (true, true) => "global",
            (false, false) => "rfc822-headers",
            (false, true) => "global-headers",
        };
        if (subtype == "global-headers")
        {
            type = "message";
        }

        return new MimePart(type, subtype)
        {
            Content = new MimeContent(new MemoryStream(content)),

            // As it is: what is encoded would not be the message that was sent, and RFC 2046 §5.2.1 forbids it.
            ContentTransferEncoding = Ascii.IsValid(content) ? ContentEncoding.SevenBit : ContentEncoding.EightBit,
        };
    }

    /// <summary>RFC 3461 §5.2.3: the address of ORCPT is xtext there and plain here.</summary>
    private static string? Original(string text)
    {
        int semicolon = text.IndexOf(';', StringComparison.Ordinal);
        return semicolon > 0 && Decode(text[(semicolon + 1)..]) is { } address ? $"{text[..semicolon]}; {address}" : null;
    }

    private static string? Decode(string xtext)
    {
        byte[] octets = Encoding.UTF8.GetBytes(xtext);
        return Xtext.TryDecode(octets, octets, out int length) ? Encoding.UTF8.GetString(octets.AsSpan(0, length)) : null;
    }

    /// <summary>What others said is kept from starting a field of its own, from leaving ASCII where only that is allowed, and within a line's length.</summary>
    private static string OneLine(string text, bool isInternational)
    {
        var line = new StringBuilder(Math.Min(text.Length, LongestValue));
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, LongestValue)))
        {
            line.Append(c is '\r' or '\n' or '\t' ? ' ' : char.IsControl(c) || (c > 126 && !isInternational) ? '?' : c);
        }

        return line.ToString().Trim();
    }
}
