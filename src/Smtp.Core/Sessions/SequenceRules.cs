namespace Smtp.Core;

/// <summary>
/// The one table of which command may come when (RFC 5321 §4.1.4, RFC 3030 §2, RFC 3207 §4, RFC 4954 §4), a row a verb. Everything that
/// depends on the order of commands is read from here.
/// </summary>
internal static class SequenceRules
{
    private static readonly Rule[] Rules = BuildRules();

    /// <summary>What a verb meets in a phase in which the session reads commands.</summary>
    /// <returns><c>default</c> if the verb is allowed, else the reply to give.</returns>
    public static SmtpReply Check(SmtpVerb verb, ServerPhase phase)
    {
        ref readonly Rule rule = ref Rules[(int)verb];
        return phase switch
        {
            ServerPhase.Greeted => rule.BeforeHello,
            ServerPhase.Ready => rule.OutsideTransaction,
            ServerPhase.Sender => rule.BeforeRecipient,
            ServerPhase.Recipients => rule.BehindRecipient,
            ServerPhase.Chunks => rule.BetweenChunks,
            ServerPhase.Refused => verb == SmtpVerb.Quit ? default : Replies.ClientRefused,
            _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "No commands are read in this phase."),
        };
    }

    /// <summary>Whether the verb may only stand last in a pipelined group (RFC 2920 §3.1, RFC 3207 §4, RFC 4954 §4).</summary>
    public static bool EndsPipelineGroup(SmtpVerb verb) => Rules[(int)verb].EndsGroup;

    /// <summary>Whether a session that requires TLS allows the verb before it (RFC 3207 §4).</summary>
    public static bool IsAllowedWithoutTls(SmtpVerb verb) => Rules[(int)verb].WithoutTls;

    /// <summary>Whether a session that requires AUTH allows the verb before it (RFC 4954 §6).</summary>
    public static bool IsAllowedWithoutAuthentication(SmtpVerb verb) => Rules[(int)verb].WithoutAuthentication;

    /// <summary>Whether the verb counts as one that brings no mail.</summary>
    public static bool IsUnproductive(SmtpVerb verb) => Rules[(int)verb].Unproductive;

    private static Rule[] BuildRules()
    {
        SmtpReply ok = default;
        SmtpReply hello = Replies.HelloFirst;
        SmtpReply mail = Replies.MailFirst;
        SmtpReply nested = Replies.NestedMail;
        SmtpReply busy = Replies.NotInTransaction;
        SmtpReply nobody = Replies.NoValidRecipients;

        var rules = new Rule[Enum.GetValues<SmtpVerb>().Length];

        //                                       greeted  ready    sender  rcpts   chunks                    ends   noTLS  noAUTH unproductive
        rules[(int)SmtpVerb.Unknown] = new Rule(ok, ok, ok, ok, ok, false, false, false, false);
        rules[(int)SmtpVerb.Ehlo] = new Rule(ok, ok, ok, ok, ok, true, true, true, true);
        rules[(int)SmtpVerb.Helo] = new Rule(ok, ok, ok, ok, ok, true, false, true, true);
        rules[(int)SmtpVerb.Lhlo] = new Rule(ok, ok, ok, ok, ok, true, true, true, true);
        rules[(int)SmtpVerb.Mail] = new Rule(hello, ok, nested, nested, nested, false, false, false, false);
        rules[(int)SmtpVerb.Rcpt] = new Rule(hello, mail, ok, ok, busy, false, false, false, false);
        rules[(int)SmtpVerb.Data] = new Rule(hello, mail, nobody, ok, Replies.MixedDataAndBdat, true, false, false, false);
        rules[(int)SmtpVerb.Bdat] = new Rule(hello, mail, nobody, ok, ok, false, false, false, false);
        rules[(int)SmtpVerb.Rset] = new Rule(ok, ok, ok, ok, ok, false, false, true, true);
        rules[(int)SmtpVerb.Vrfy] = new Rule(ok, ok, ok, ok, ok, true, false, false, true);
        rules[(int)SmtpVerb.Expn] = new Rule(ok, ok, ok, ok, ok, true, false, false, true);
        rules[(int)SmtpVerb.Help] = new Rule(ok, ok, ok, ok, ok, false, false, false, true);
        rules[(int)SmtpVerb.Noop] = new Rule(ok, ok, ok, ok, ok, true, true, true, true);
        rules[(int)SmtpVerb.Quit] = new Rule(ok, ok, ok, ok, ok, true, true, true, false);
        rules[(int)SmtpVerb.Auth] = new Rule(hello, ok, busy, busy, busy, true, false, true, false);
        rules[(int)SmtpVerb.StartTls] = new Rule(hello, ok, busy, busy, busy, true, true, true, false);
        return rules;
    }

    private readonly record struct Rule(
        SmtpReply BeforeHello,
        SmtpReply OutsideTransaction,
        SmtpReply BeforeRecipient,
        SmtpReply BehindRecipient,
        SmtpReply BetweenChunks,
        bool EndsGroup,
        bool WithoutTls,
        bool WithoutAuthentication,
        bool Unproductive);
}
