using System.Text.RegularExpressions;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// Says what a refusal means, by code, enhanced code, text and stage. The text comes first where it is plain: 550 5.1.1 is what some say to a sender on a
/// block list, and to take that for a bad address would suppress a good one.
/// </summary>
internal static partial class ReplyClassifier
{
    /// <summary>A reply of the receiver.</summary>
    /// <param name="code">400 to 599.</param>
    /// <param name="status">Its enhanced status; none if it has none.</param>
    /// <param name="text">Its text.</param>
    /// <param name="stage">Which command it answers.</param>
    /// <param name="recipients">How many recipients it stands for: of several, no one is at fault by it.</param>
    internal static Classification Of(int code, EnhancedStatus status, string text, SmtpStage stage, int recipients = 1)
    {
        // RFC 4954 §6: the receiver wants other credentials of this relay. That is for the operator to mend, and no fault of the message's.
        bool isRelaysTrouble = code is 530 or 534 or 535 or 538;
        bool isPermanent = code >= 500 && !isRelaysTrouble;
        if (isRelaysTrouble && !status.IsNone)
        {
            status = new EnhancedStatus(4, status.Subject, status.Detail);
        }

        BounceReason reason = OfText(text, isPermanent) ?? OfStatus(status, code, stage) ?? OfCode(code, stage);

        // A greeting or MAIL that is refused is refused to the relay, whatever its words: no recipient was named yet.
        if (stage < SmtpStage.Mail && reason is not (BounceReason.RateLimit or BounceReason.BlockList or BounceReason.SenderAuthentication or BounceReason.Tls))
        {
            reason = isPermanent ? BounceReason.Policy : reason is BounceReason.Other ? BounceReason.System : reason;
        }

        bool isAboutRecipient = stage == SmtpStage.Recipient || (stage is SmtpStage.FinalReply or SmtpStage.Body && recipients == 1);
        bool suppresses = isPermanent
            && isAboutRecipient
            && (reason is BounceReason.BadMailbox or BounceReason.InactiveMailbox)
            && (status.IsNone || status.Subject is 1 or 2);
        bool isSiteWide = reason is BounceReason.RateLimit or BounceReason.BlockList || stage < SmtpStage.Mail || code == 421;
        EnhancedStatus reported = status.IsNone ? ToStatus(reason, isPermanent) : status;
        return new Classification(isPermanent, reason, reported, suppresses, isSiteWide);
    }

    /// <summary>A need of the message that the receiver does not meet.</summary>
    internal static Classification Of(SendRefusal refusal)
    {
        EnhancedStatus status = refusal.ToStatus();
        BounceReason reason = refusal switch
        {
            SendRefusal.TooLarge => BounceReason.TooLarge,
            SendRefusal.NeedsRequireTls => BounceReason.Tls,
            _ => BounceReason.Protocol,
        };
        return new Classification(status.Class == 5, reason, status, Suppresses: false, IsSiteWide: false);
    }

    /// <summary>A connection that could not be made or broke: always worth another try.</summary>
    internal static Classification Of(TransportFailure failure) => failure switch
    {
        TransportFailure.ConnectFailed => Soft(BounceReason.Network, 4, 1, isSiteWide: true),
        TransportFailure.TlsFailed => Soft(BounceReason.Tls, 7, 5, isSiteWide: true),
        TransportFailure.TimedOut => Soft(BounceReason.Network, 4, 2, isSiteWide: false),
        _ => Soft(BounceReason.Network, 4, 2, isSiteWide: false),
    };

    /// <summary>What the name servers said.</summary>
    internal static Classification Of(Resolution resolution) => new(
        resolution.Status == ResolutionStatus.Permanent,
        resolution.Status != ResolutionStatus.Permanent ? BounceReason.Routing
            : resolution.Code == new EnhancedStatus(5, 4, 6) ? BounceReason.Loop
            : BounceReason.BadDomain,
        resolution.Code,
        Suppresses: resolution.Code == new EnhancedStatus(5, 1, 10),
        IsSiteWide: false);

    /// <summary>A failure of this relay's making.</summary>
    internal static Classification Soft(BounceReason reason, ushort subject, ushort detail, bool isSiteWide) =>
        new(IsPermanent: false, reason, new EnhancedStatus(4, subject, detail), Suppresses: false, isSiteWide);

    private static BounceReason? OfText(string text, bool isPermanent)
    {
        if (text.Length == 0)
        {
            return null;
        }

        return BlockListWords().IsMatch(text) ? BounceReason.BlockList
            : RateWords().IsMatch(text) ? BounceReason.RateLimit
            : !isPermanent && GreylistWords().IsMatch(text) ? BounceReason.Greylisting
            : AuthenticationWords().IsMatch(text) ? BounceReason.SenderAuthentication
            : FullWords().IsMatch(text) ? BounceReason.MailboxFull
            : InactiveWords().IsMatch(text) ? BounceReason.InactiveMailbox
            : RelayWords().IsMatch(text) ? BounceReason.Policy
            : UnknownWords().IsMatch(text) ? BounceReason.BadMailbox
            : ContentWords().IsMatch(text) ? BounceReason.Content
            : null;
    }

    private static BounceReason? OfStatus(EnhancedStatus status, int code, SmtpStage stage) => (status.Class, status.Subject, status.Detail) switch
    {
        (0, _, _) => null,
        (_, 1, 1 or 6) => BounceReason.BadMailbox,
        (_, 1, 0 or 3) when stage == SmtpStage.Recipient => BounceReason.BadMailbox,
        (_, 1, 2 or 4 or 10) => BounceReason.BadDomain,
        (_, 1, 7 or 8 or 9) => BounceReason.BadSender,
        (_, 2, 1) => BounceReason.InactiveMailbox,
        (_, 2, 2) => BounceReason.MailboxFull,
        (_, 2, 3) or (_, 3, 4) => BounceReason.TooLarge,
        (_, 3, 1 or 2 or 3) or (_, 2, 0) => BounceReason.System,
        (_, 4, 4 or 3) => BounceReason.Routing,
        (_, 4, 6) => BounceReason.Loop,
        (_, 4, 5) => BounceReason.System,
        (_, 4, 7) => BounceReason.Expired,
        (_, 4, _) => BounceReason.Network,
        (_, 5, 3) => BounceReason.RateLimit,
        (_, 5, _) => BounceReason.Protocol,
        (_, 6, _) => BounceReason.Content,
        (_, 7, 20 or 21 or 22 or 23 or 24 or 25 or 26 or 27) => BounceReason.SenderAuthentication,
        (_, 7, 28) => BounceReason.RateLimit,
        (_, 7, 30 or 10) => BounceReason.Tls,
        (_, 7, _) => code is 421 or 450 or 451 && stage == SmtpStage.Recipient ? BounceReason.Greylisting : BounceReason.Policy,
        _ => null,
    };

    private static BounceReason OfCode(int code, SmtpStage stage) => code switch
    {
        421 or 431 or 432 or 451 or 454 => BounceReason.System,
        450 when stage == SmtpStage.Recipient => BounceReason.Greylisting,
        452 => stage == SmtpStage.Recipient ? BounceReason.RateLimit : BounceReason.System,
        550 or 553 when stage == SmtpStage.Recipient => BounceReason.BadMailbox,
        551 => BounceReason.BadMailbox,
        552 => stage == SmtpStage.Recipient ? BounceReason.MailboxFull : BounceReason.TooLarge,
        >= 500 and <= 504 or 555 => BounceReason.Protocol,
        521 or 556 => BounceReason.BadDomain,
        530 or 534 or 535 or 538 => BounceReason.Policy,
        550 or 554 => stage is SmtpStage.FinalReply or SmtpStage.Data ? BounceReason.Content : BounceReason.Policy,
        _ => BounceReason.Other,
    };

    private static EnhancedStatus ToStatus(BounceReason reason, bool isPermanent)
    {
        byte severity = (byte)(isPermanent ? 5 : 4);
        return reason switch
        {
            BounceReason.BadMailbox => new EnhancedStatus(severity, 1, 1),
            BounceReason.BadDomain => new EnhancedStatus(severity, 1, 2),
            BounceReason.InactiveMailbox => new EnhancedStatus(severity, 2, 1),
            BounceReason.MailboxFull => new EnhancedStatus(severity, 2, 2),
            BounceReason.TooLarge => new EnhancedStatus(severity, 3, 4),
            BounceReason.Content => new EnhancedStatus(severity, 6, 0),
            BounceReason.BlockList or BounceReason.Policy or BounceReason.Greylisting or BounceReason.RateLimit => new EnhancedStatus(severity, 7, 1),
            BounceReason.SenderAuthentication => new EnhancedStatus(severity, 7, 26),
            BounceReason.Protocol => new EnhancedStatus(severity, 5, 0),
            BounceReason.System => new EnhancedStatus(severity, 3, 0),
            BounceReason.Network => new EnhancedStatus(severity, 4, 2),
            _ => new EnhancedStatus(severity, 0, 0),
        };
    }

    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    // Words of Gmail, Outlook, Yahoo, Postfix, Exim, Sendmail and the lists themselves.
    [GeneratedRegex(@"spamhaus|barracudacentral|\bspamcop\b|\bsorbs\b|\b(rbl|dnsbl|blocklist|block list|blacklist|black list|denylist)(ed)?\b|listed (at|by|in|on) |"
        + @"\bbanned sending ip\b|(poor|bad|low) (sender |domain |ip )?reputation|reputation of the sending|(ip|address|host|network|client) .{0,60}\bblocked\b|blocked (using|by|for abuse)|S3140|S3150",
        Options)]
    private static partial Regex BlockListWords();

    [GeneratedRegex(@"rate.?limit|too many (connections|messages|recipients|emails|mails|requests|concurrent|sessions|errors)|too (fast|frequent|quickly)|throttl|"
        + @"unusual rate|(receiv|send)ing (mail|messages)? ?(too|at a rate)|exceeded .{0,40}(limit|rate|quota) .{0,30}(hour|minute|day|connection|sending)|temporarily deferred due to|try again more slowly|slow down",
        Options)]
    private static partial Regex RateWords();

    [GeneratedRegex(@"gr[ea]y.?list|try again (later|in \d+)|postgrey|please retry", Options)]
    private static partial Regex GreylistWords();

    [GeneratedRegex(@"\b(spf|dkim|dmarc)\b|unauthenticated (mail|email|messages?)|(reverse|ptr|rdns) .{0,30}(dns|record|lookup|resol|missing|exist)|does not (have|resolve).{0,20}(ptr|reverse)|sender.{0,20}not authenticated",
        Options)]
    private static partial Regex AuthenticationWords();

    [GeneratedRegex(@"(mail)?box (is )?full|over ?quota|quota (is )?exceeded|exceed(s|ed) .{0,30}(quota|storage)|out of storage|insufficient (disk )?(space|storage) .{0,30}mailbox", Options)]
    private static partial Regex FullWords();

    [GeneratedRegex(@"(mailbox|account|user|recipient|address).{0,40}(disabled|inactive|suspended|deactivated|closed|no longer (active|in use|available|valid|accept))", Options)]
    private static partial Regex InactiveWords();

    [GeneratedRegex(@"relay(ing)? (access )?(is )?(denied|not (permitted|allowed))|unable to relay|not permitted to relay", Options)]
    private static partial Regex RelayWords();

    [GeneratedRegex(@"(no such|unknown|invalid) (user|mailbox|recipient|address|local|account)|(user|mailbox|recipient|account|address)( <?[^ ]*>?)?:? (is )?(unknown|not (found|known|exist)|unavailable|invalid|rejected)|"
        + @"does ?n.t exist|does not exist|not a (valid|known) (user|mailbox|recipient|address)|no mailbox (here )?by that name|unrouteable address|user doesn|recipient not found|unknown in (virtual|local|relay)|NoSuchUser",
        Options)]
    private static partial Regex UnknownWords();

    [GeneratedRegex(@"\b(spam|virus|malware|phish(ing)?|unsolicited|bulk mail|attachment)\b|content (rejected|filter)|message content|looks like spam|suspicious", Options)]
    private static partial Regex ContentWords();
}
