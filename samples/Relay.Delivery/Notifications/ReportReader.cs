using System.Text;
using MimeKit;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Reads the notifications and complaints of others (<c>multipart/report</c>, RFC 3464, RFC 5965).</summary>
public static class ReportReader
{
    // A report on one message has one group a recipient; a hostile one could have as many as its size allows.
    private const int MaximumRecipients = 1000;

    private const int LongestText = 4096;

    /// <summary>Reads a message that came to a return path.</summary>
    /// <param name="content">The message.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What it says. What is no report says nothing: an answer from somebody's holiday is no bounce.</returns>
    public static async Task<InboundReport> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        MimeMessage message;
        try
        {
            message = await MimeMessage.LoadAsync(content, cancellationToken).ConfigureAwait(false);
        }
        catch (FormatException)
        {
            return new InboundReport(IsComplaint: false, []);
        }

        using (message)
        {
            var recipients = new List<ReportedRecipient>();
            bool isComplaint = false;
            foreach (MimeEntity part in message.BodyParts)
            {
                if (part is MessageFeedbackReport feedback)
                {
                    isComplaint |= string.Equals(feedback.Fields["Feedback-Type"], "abuse", StringComparison.OrdinalIgnoreCase);
                }
                else if (part is MessageDeliveryStatus status)
                {
                    // The first group is of the message as a whole.
                    foreach (HeaderList group in status.StatusGroups.Skip(1).Take(MaximumRecipients - recipients.Count))
                    {
                        if (Read(group) is { } recipient)
                        {
                            recipients.Add(recipient);
                        }
                    }
                }
            }

            string text = message.TextBody ?? string.Empty;

            // RFC 3834 §5: what answers automatically says so. Exim and Gmail name whom they could not reach, and bounces as old as qmail's say it in a line.
            bool isBounce = message.Headers.Contains("X-Failed-Recipients") || text.StartsWith("Hi. This is the", StringComparison.Ordinal);
            string? automatic = message.Headers["Auto-Submitted"];
            return new InboundReport(isComplaint, recipients)
            {
                IsAutomaticAnswer = !isBounce && automatic?.StartsWith("auto-replied", StringComparison.OrdinalIgnoreCase) == true,
                Text = text.Length > LongestText ? text[..LongestText] : text,
            };
        }
    }

    private static ReportedRecipient? Read(HeaderList group)
    {
        NotificationAction? action = group["Action"]?.Split(' ', '(')[0].Trim().ToLowerInvariant() switch
        {
            "failed" => NotificationAction.Failed,
            "delayed" => NotificationAction.Delayed,
            "delivered" => NotificationAction.Delivered,
            "relayed" or "expanded" => NotificationAction.Relayed,
            _ => null,
        };
        if (action is null)
        {
            return null;
        }

        string diagnostic = Typed(group["Diagnostic-Code"]);
        int code = diagnostic.Length >= 3 && int.TryParse(diagnostic.AsSpan(0, 3), out int number) && number is >= 200 and < 600 ? number : 0;
        string text = code != 0 ? diagnostic[3..].TrimStart(' ', '-') : diagnostic;
        _ = EnhancedStatus.TryParse(Encoding.ASCII.GetBytes((group["Status"] ?? string.Empty).Trim()), out EnhancedStatus status, out _);
        return new ReportedRecipient(
            Typed(group["Final-Recipient"]), Typed(group["Original-Recipient"]), action.Value, status, code, text, Typed(group["Remote-MTA"]));
    }

    /// <summary>The value behind the type: <c>rfc822; user@example.com</c>.</summary>
    private static string Typed(string? field)
    {
        if (field is null)
        {
            return string.Empty;
        }

        int semicolon = field.IndexOf(';', StringComparison.Ordinal);
        return field[(semicolon + 1)..].Trim();
    }
}
