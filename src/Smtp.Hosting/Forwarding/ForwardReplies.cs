using Smtp.Core;

namespace Smtp.Hosting;

/// <summary>Makes this server's replies of the next one's.</summary>
internal static class ForwardReplies
{
    /// <summary>554 5.4.6: the message goes in circles (RFC 5321 §6.3).</summary>
    internal static readonly SmtpReply TooManyHops = SmtpReply.Create(554, new EnhancedStatus(5, 4, 6), "Too many hops: the message goes in circles");

    private static readonly SmtpReply BrokenOff = SmtpReply.Create(451, new EnhancedStatus(4, 4, 2), "The next server broke off; send the message again");

    /// <summary>What an LMTP client is told of one recipient.</summary>
    internal static SmtpReply ForOne(RecipientReport recipient)
    {
        // 1. The client library would not send it.
        if (recipient.Refusal != SendRefusal.None)
        {
            EnhancedStatus status = recipient.Refusal.ToStatus();
            return SmtpReply.Create(status.Class == 4 ? 451 : 554, status, recipient.Refusal.ToText());
        }

        // 2. Nothing was said, or the outcome is no verdict.
        ReceivedReply reply = recipient.Reply;
        if (reply.IsNone || recipient.Outcome is DeliveryOutcome.Uncertain or DeliveryOutcome.Pending)
        {
            return BrokenOff;
        }

        // 3. The next server's words. Its 421 closes its connection and not this one, and codes that RFC 5321 §4.2.1 does not know are not passed on.
        int code = recipient.Outcome switch
        {
            DeliveryOutcome.Accepted => 250,
            DeliveryOutcome.PermanentFailure => reply.Class == ReplyClass.PermanentFailure && reply.Code / 10 % 10 <= 5 ? reply.Code : 554,
            _ => reply.Class == ReplyClass.TransientFailure && reply.Code != 421 && reply.Code / 10 % 10 <= 5 ? reply.Code : 451,
        };
        EnhancedStatus said = reply.Status;
        return SmtpReply.Create(code, said.Class == code / 100 ? said : new EnhancedStatus((byte)(code / 100), 0, 0), reply.GetText());
    }

    /// <summary>What an SMTP client is told, which hears one reply for all recipients.</summary>
    /// <param name="recipients">What became of each.</param>
    /// <param name="retryPartial">Whether a message that some have is to be sent again.</param>
    internal static SmtpReply ForAll(IReadOnlyList<RecipientReport> recipients, bool retryPartial)
    {
        int accepted = recipients.Count(recipient => recipient.Outcome == DeliveryOutcome.Accepted);
        if (accepted == recipients.Count || accepted == 0)
        {
            // All alike, or none has it: the first that another try may help decides, as who is refused for good is refused again then.
            return ForOne(First(recipients, DeliveryOutcome.TransientFailure)
                ?? First(recipients, DeliveryOutcome.Uncertain)
                ?? recipients[0]);
        }

        List<string> lines = [$"{accepted} of {recipients.Count} recipients have the message, not:"];
        foreach (RecipientReport recipient in recipients)
        {
            if (recipient.Outcome != DeliveryOutcome.Accepted)
            {
                lines.Add($"<{recipient.ForwardPath}>: {ForOne(recipient).ToString().ReplaceLineEndings(" ")}");
            }
        }

        return retryPartial && recipients.Any(recipient => recipient.Outcome is not (DeliveryOutcome.Accepted or DeliveryOutcome.PermanentFailure))
            ? SmtpReply.Create(451, new EnhancedStatus(4, 0, 0), string.Join('\n', lines))
            : SmtpReply.Create(554, new EnhancedStatus(5, 0, 0), string.Join('\n', lines));
    }

    private static RecipientReport? First(IReadOnlyList<RecipientReport> recipients, DeliveryOutcome outcome)
    {
        foreach (RecipientReport recipient in recipients)
        {
            if (recipient.Outcome == outcome)
            {
                return recipient;
            }
        }

        return null;
    }
}
