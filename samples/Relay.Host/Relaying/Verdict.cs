using Smtp.Client;
using Smtp.Core;

namespace Relay.Host;

/// <summary>
/// Makes the submitter's reply of what the next hop did. A refusal of the message is passed on with its code and words. A failure between the relay and
/// the next hop (no connection, no TLS, wrong password) is no fault of the message's, and is always a 4yz, so that the submitter tries again.
/// </summary>
internal static class Verdict
{
    /// <summary>What to say when the relay stops, or when nobody is left to say it to.</summary>
    internal static readonly SmtpReply GivenUp = Transient(3, 2, "The relay is stopping");

    /// <summary>What to say when the next hop took too long.</summary>
    internal static SmtpReply TimedOut(string nextHop) => Transient(4, 1, $"The next hop {nextHop} took too long");

    /// <summary>What to say when the connection broke between the end of data and its reply.</summary>
    internal static SmtpReply LostAtEnd(string nextHop) => Transient(
        4, 2, $"The connection to the next hop {nextHop} was lost before it said whether it took the message; trying again may deliver it twice");

    /// <summary>Makes the reply from what is known of each recipient.</summary>
    /// <param name="report">All recipients, none pending.</param>
    /// <param name="id">The relay's name for the message.</param>
    /// <param name="nextHop">The next hop, for the text.</param>
    internal static SmtpReply Of(TransactionReport report, string id, string nextHop)
    {
        if (report.IsAccepted)
        {
            // The next hop's words mostly hold its name for the message, which is what a search through its logs starts with.
            return SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), $"{id} relayed: {report[0].Reply.GetText()}");
        }

        if (report.MayHaveBeenCommitted)
        {
            return LostAtEnd(nextHop);
        }

        RecipientReport decisive = Decisive(report);
        if (decisive.Reply.IsNone && decisive.Refusal == SendRefusal.None)
        {
            return Transient(4, 2, $"The connection to the next hop {nextHop} was lost");
        }

        bool isPermanent = decisive.Outcome == DeliveryOutcome.PermanentFailure;
        if (decisive.Reply.Code is 530 or 534 or 535 or 538)
        {
            // RFC 4954 §6: the next hop wants a password of the relay, not of the submitter.
            return Transient(3, 5, $"The next hop {nextHop} wants other credentials of this relay");
        }

        int code = Code(decisive.Reply.Code, isPermanent);
        EnhancedStatus status = decisive.Status.Class == code / 100 ? decisive.Status : new EnhancedStatus((byte)(code / 100), 0, 0);
        string why = decisive.Refusal != SendRefusal.None ? decisive.Refusal.ToText() : decisive.Reply.GetText();
        string what = decisive.Stage is SmtpStage.Recipient || decisive.Refusal == SendRefusal.TooManyRecipients
            ? $"<{decisive.ForwardPath}>{(report.Count > 1 ? ", so that nothing was relayed to anybody" : string.Empty)}"
            : "the message";
        return SmtpReply.Create(code, status, $"{nextHop} refuses {what}: {why}");
    }

    /// <summary>Makes the reply from a connection that failed.</summary>
    internal static SmtpReply Of(SmtpConnectionException error, string nextHop) => error switch
    {
        { MayHaveBeenCommitted: true } => LostAtEnd(nextHop),
        SmtpTransportException { Failure: TransportFailure.ConnectFailed } => Transient(4, 1, $"The next hop {nextHop} cannot be reached"),
        SmtpTransportException { Failure: TransportFailure.TlsFailed } => Transient(7, 5, $"There is no trusted TLS with the next hop {nextHop}"),
        SmtpTransportException { Failure: TransportFailure.TimedOut } => TimedOut(nextHop),
        SmtpTransportException => Transient(4, 2, $"The connection to the next hop {nextHop} was lost"),
        SmtpReplyException { Violation: not PeerViolation.None } => Transient(5, 0, $"The next hop {nextHop} breaks the protocol"),

        // What it said may name the account: that is for the relay's log only.
        _ => Transient(3, 5, $"The next hop {nextHop} does not serve this relay ({error.Stage})"),
    };

    /// <summary>A permanent refusal counts for more than a transient one, and one with a reason for more than one without.</summary>
    private static RecipientReport Decisive(TransactionReport report)
    {
        RecipientReport decisive = report[0];
        foreach (RecipientReport recipient in report)
        {
            if (Weight(recipient) > Weight(decisive))
            {
                decisive = recipient;
            }
        }

        return decisive;

        static int Weight(RecipientReport recipient) => recipient.Outcome switch
        {
            DeliveryOutcome.PermanentFailure => 2,
            DeliveryOutcome.TransientFailure when recipient.Refusal != SendRefusal.None || !recipient.Reply.IsNone => 1,
            _ => 0,
        };
    }

    /// <summary>
    /// Keeps a code that DATA may be answered with (RFC 5321 §4.3.2). Of a MAIL's or RCPT's other codes the first digit is kept: the submitter would
    /// misread the rest, and 421 would end its session.
    /// </summary>
    private static int Code(int code, bool isPermanent) => code is 450 or 451 or 452 or 550 or 552 or 554 ? code : isPermanent ? 554 : 451;

    private static SmtpReply Transient(ushort subject, ushort detail, string text) => SmtpReply.Create(451, new EnhancedStatus(4, subject, detail), text);
}
