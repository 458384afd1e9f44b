using System.Globalization;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>The table of which command may come when, against a text that was read and approved, and against the RFCs' own lists.</summary>
public class SequenceRulesTests
{
    private static readonly ServerPhase[] Phases =
    [
        ServerPhase.Refused, ServerPhase.Greeted, ServerPhase.Ready, ServerPhase.Sender, ServerPhase.Recipients, ServerPhase.Chunks,
    ];

    [Fact]
    public void The_table_is_the_approved_one()
    {
        using var reader = new StreamReader(typeof(SequenceRulesTests).Assembly.GetManifestResourceStream("Sessions/SequenceRules.approved.txt")!);
        Assert.Equal(reader.ReadToEnd().ReplaceLineEndings("\n"), Table());
    }

    // RFC 2920 §3.1: "The EHLO, DATA, VRFY, EXPN, TURN, QUIT, and NOOP commands can only appear as the last command in a group."
    // RFC 3207 §4 and RFC 4954 §4 say so of STARTTLS and AUTH; HELO and LHLO change the state as EHLO does.
    [Theory]
    [InlineData(SmtpVerb.Ehlo)]
    [InlineData(SmtpVerb.Helo)]
    [InlineData(SmtpVerb.Lhlo)]
    [InlineData(SmtpVerb.Data)]
    [InlineData(SmtpVerb.Vrfy)]
    [InlineData(SmtpVerb.Expn)]
    [InlineData(SmtpVerb.Quit)]
    [InlineData(SmtpVerb.Noop)]
    [InlineData(SmtpVerb.StartTls)]
    [InlineData(SmtpVerb.Auth)]
    public void These_end_a_pipelined_group(SmtpVerb verb) => Assert.True(SequenceRules.EndsPipelineGroup(verb));

    // "RSET, MAIL FROM, SEND FROM, SOML FROM, SAML FROM, and RCPT TO can all appear anywhere in a pipelined command group"; RFC 3030 §4.2 of BDAT.
    [Theory]
    [InlineData(SmtpVerb.Rset)]
    [InlineData(SmtpVerb.Mail)]
    [InlineData(SmtpVerb.Rcpt)]
    [InlineData(SmtpVerb.Bdat)]
    public void These_stand_anywhere_in_a_pipelined_group(SmtpVerb verb) => Assert.False(SequenceRules.EndsPipelineGroup(verb));

    // RFC 3207 §4: "any command other than NOOP, EHLO, STARTTLS, or QUIT"; LHLO is LMTP's EHLO.
    [Fact]
    public void Before_tls_there_is_only_what_rfc_3207_names() =>
        Assert.Equal(
            [SmtpVerb.Ehlo, SmtpVerb.Lhlo, SmtpVerb.Noop, SmtpVerb.Quit, SmtpVerb.StartTls],
            Enum.GetValues<SmtpVerb>().Where(SequenceRules.IsAllowedWithoutTls));

    // RFC 4954 §6: 530 "may be returned by any command other than AUTH, EHLO, HELO, NOOP, RSET, or QUIT". STARTTLS comes before AUTH.
    [Fact]
    public void Before_auth_there_is_only_what_rfc_4954_names_and_starttls() =>
        Assert.Equal(
            [SmtpVerb.Ehlo, SmtpVerb.Helo, SmtpVerb.Lhlo, SmtpVerb.Rset, SmtpVerb.Noop, SmtpVerb.Quit, SmtpVerb.Auth, SmtpVerb.StartTls],
            Enum.GetValues<SmtpVerb>().Where(SequenceRules.IsAllowedWithoutAuthentication));

    [Theory]
    [InlineData(ServerPhase.Connected)]
    [InlineData(ServerPhase.Body)]
    [InlineData(ServerPhase.Chunk)]
    [InlineData(ServerPhase.Authenticating)]
    [InlineData(ServerPhase.Closing)]
    public void Where_no_commands_are_read_there_is_no_rule(ServerPhase phase) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SequenceRules.Check(SmtpVerb.Noop, phase));

    private static string Table()
    {
        var text = new StringBuilder("What each verb meets in each phase, and what else the table says of it.\n\n");
        foreach (SmtpVerb verb in Enum.GetValues<SmtpVerb>())
        {
            text.Append(verb.ToString().ToUpperInvariant());
            text.Append(SequenceRules.EndsPipelineGroup(verb) ? ", ends a pipelined group" : "");
            text.Append(SequenceRules.IsAllowedWithoutTls(verb) ? ", allowed before TLS" : "");
            text.Append(SequenceRules.IsAllowedWithoutAuthentication(verb) ? ", allowed before AUTH" : "");
            text.Append(SequenceRules.IsUnproductive(verb) ? ", brings no mail" : "").Append('\n');
            foreach (ServerPhase phase in Phases)
            {
                SmtpReply refusal = SequenceRules.Check(verb, phase);
                text.Append(CultureInfo.InvariantCulture, $"  {phase,-11}{(refusal.IsNone ? "allowed" : refusal)}\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
