using MimeKit;
using Smtp.Client;
using Smtp.Core;

namespace Smtp.MimeKit;

/// <summary>Sends MIME messages with Smtp.Client.</summary>
public static class MimeMessageExtensions
{
    private static readonly MimeSendOptions Defaults = new();

    /// <summary>Sends a MIME message through a pooled client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="message">The message. It is made ready for sending: bodies are encoded, and with DKIM it gets its signature.</param>
    /// <param name="options">How it becomes a message to send.</param>
    /// <param name="cancellationToken">Breaks the send off.</param>
    /// <returns>What became of each recipient.</returns>
    /// <exception cref="ArgumentException">The message has no sender or no recipients, or an address that cannot be one of an envelope.</exception>
    /// <exception cref="SmtpTransportException">There was no connection, or it was lost.</exception>
    /// <exception cref="SmtpReplyException">The server refused the session or broke the protocol.</exception>
    public static ValueTask<SendResult> SendAsync(
        this SmtpClient client, MimeMessage message, MimeSendOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SendAsync(message.ToSmtpMessage(options), cancellationToken);
    }

    /// <summary>Sends a MIME message over one connection.</summary>
    /// <inheritdoc cref="SendAsync(SmtpClient, MimeMessage, MimeSendOptions?, CancellationToken)"/>
    /// <param name="connection">The connection.</param>
    /// <param name="message">The message. It is made ready for sending: bodies are encoded, and with DKIM it gets its signature.</param>
    /// <param name="options">How it becomes a message to send.</param>
    /// <param name="cancellationToken">Breaks the send off.</param>
    public static ValueTask<SendResult> SendAsync(
        this SmtpConnection connection, MimeMessage message, MimeSendOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.SendAsync(message.ToSmtpMessage(options), cancellationToken);
    }

    /// <summary>
    /// Makes an envelope and content of a MIME message. The content is in memory, so that its size and its need of 8BITMIME are known before it is sent, and it can be
    /// sent again where a pooled connection has gone stale. Bcc and Resent-Bcc are left out of it.
    /// </summary>
    /// <param name="message">The message. It is made ready for sending: bodies are encoded, and with DKIM it gets its signature.</param>
    /// <param name="options">How it becomes a message to send.</param>
    /// <exception cref="ArgumentException">The message has no sender or no recipients, or an address that cannot be one of an envelope.</exception>
    public static SmtpMessage ToSmtpMessage(this MimeMessage message, MimeSendOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        options ??= Defaults;
        MailboxAddress from = options.From ?? Sender(message)
            ?? throw new ArgumentException("The message has no sender: neither Sender nor From, and options.From is not set.", nameof(message));
        var envelope = new OutgoingEnvelope { ReversePath = Path(from) };
        var seen = new HashSet<SmtpPath>();
        foreach (MailboxAddress to in options.To ?? Recipients(message))
        {
            SmtpPath path = Path(to);
            if (seen.Add(path))
            {
                envelope.Add(path);
            }
        }

        if (envelope.Recipients.Count == 0)
        {
            throw new ArgumentException("The message has no recipients: neither To, Cc nor Bcc, and options.To is empty or not set.", nameof(message));
        }

        FormatOptions format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        format.HiddenHeaders.Add(HeaderId.Bcc);
        format.HiddenHeaders.Add(HeaderId.ResentBcc);

        // Only where an address has a local part that ASCII cannot say, must the header be UTF-8 (RFC 6532).
        envelope.SmtpUtf8 = format.International = envelope.ReversePath.RequiresSmtpUtf8
            || envelope.Recipients.Any(recipient => recipient.ForwardPath.RequiresSmtpUtf8);
        message.Prepare(options.Encoding);
        options.Dkim?.Sign(format, message, [.. options.SignedHeaders.Where(id => id == HeaderId.From || message.Headers.Contains(id))]);
        using var content = new MemoryStream();
        message.WriteTo(format, content);
        return new SmtpMessage { Envelope = envelope, Content = MessageContent.FromMemory(content.GetBuffer().AsMemory(0, (int)content.Length)) };
    }

    private static MailboxAddress? Sender(MimeMessage message) =>
        message.ResentSender ?? message.ResentFrom.Mailboxes.FirstOrDefault() ?? message.Sender ?? message.From.Mailboxes.FirstOrDefault();

    private static MailboxAddress[] Recipients(MimeMessage message)
    {
        MailboxAddress[] resent = [.. message.ResentTo.Mailboxes, .. message.ResentCc.Mailboxes, .. message.ResentBcc.Mailboxes];
        return resent.Length > 0 ? resent : [.. message.To.Mailboxes, .. message.Cc.Mailboxes, .. message.Bcc.Mailboxes];
    }

    /// <summary>An address as a path, its domain in ASCII (IDNA) so that SMTPUTF8 is needed for local parts only.</summary>
    private static SmtpPath Path(MailboxAddress address)
    {
        string text = address.Address;
        try
        {
            text = MailboxAddress.EncodeAddrspec(text);
        }
        catch (ParseException)
        {
            // Said below.
        }

        return SmtpPath.TryParse(text, out SmtpPath path) && !path.IsNull
            ? path
            : throw new ArgumentException($"The address \"{text}\" cannot be one of an envelope (RFC 5321 section 4.1.2).", nameof(address));
    }
}
