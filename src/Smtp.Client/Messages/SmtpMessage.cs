using Smtp.Core;

namespace Smtp.Client;

/// <summary>A message to send: an envelope, which the server acts on, and content, which it passes on. Neither is made from the other.</summary>
public sealed class SmtpMessage
{
    /// <summary>An empty message with an empty envelope.</summary>
    public SmtpMessage()
    {
    }

    /// <summary>A message for one recipient.</summary>
    public SmtpMessage(SmtpPath from, SmtpPath to, MessageContent content)
    {
        Envelope.ReversePath = from;
        Envelope.Add(to);
        Content = content;
    }

    /// <summary>A message for some recipients.</summary>
    /// <param name="from">The reverse-path such as <c>bounces@example.com</c>; empty for the null one.</param>
    /// <param name="to">The forward-paths.</param>
    /// <param name="content">Header and body.</param>
    /// <exception cref="FormatException">A path is no mailbox.</exception>
    public SmtpMessage(string from, IEnumerable<string> to, MessageContent content)
    {
        ArgumentNullException.ThrowIfNull(to);
        Envelope.ReversePath = SmtpPath.Parse(from);
        foreach (string path in to)
        {
            Envelope.Add(SmtpPath.Parse(path));
        }

        Content = content;
    }

    /// <summary>Sender, recipients and their wishes.</summary>
    public OutgoingEnvelope Envelope { get; set; } = new();

    /// <summary>Header and body.</summary>
    public MessageContent Content { get; set; }
}
