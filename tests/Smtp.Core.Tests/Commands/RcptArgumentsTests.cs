namespace Smtp.Core.Tests;

public class RcptArgumentsTests
{
    private const SmtpExtensions All = (SmtpExtensions)0xFFF;

    [Fact]
    public void Without_parameters_all_is_at_its_default()
    {
        SmtpReply refusal = RcptArguments.TryParse(
            "TO:<a@b>"u8, SmtpExtensions.None, smtpUtf8: false, PathOptions.None, out RcptArguments rcpt);
        Assert.Equal(default, refusal);
        Assert.Equal("a@b", Wire.Decode(rcpt.Mailbox));
        Assert.Equal(1, rcpt.LocalPartLength);
        Assert.Equal(DsnNotify.Unspecified, rcpt.Notify);
        Assert.True(rcpt.OriginalRecipient.IsEmpty);
    }

    [Theory]
    [InlineData("to:<@x,@y:\"a b\"@c> notify=success orcpt=rfc822;a+20b@c", "\"a b\"@c", 5, DsnNotify.Success, "rfc822;a+20b@c")]
    [InlineData("TO:<Postmaster>", "Postmaster", 10, DsnNotify.Unspecified, "")]
    [InlineData("TO:<postmaster@b> ORCPT=x-1;y NOTIFY=NEVER", "postmaster@b", 10, DsnNotify.Never, "x-1;y")]
    public void All_parameters_together(string argument, string mailbox, int localPartLength, DsnNotify notify, string originalRecipient)
    {
        byte[] octets = Wire.Encode(argument);
        Assert.Equal(default, RcptArguments.TryParse(octets, All, smtpUtf8: false, PathOptions.None, out RcptArguments rcpt));
        Assert.Equal(mailbox, Wire.Decode(rcpt.Mailbox));
        Assert.Equal(localPartLength, rcpt.LocalPartLength);
        Assert.Equal(notify, rcpt.Notify);
        Assert.Equal(originalRecipient, Wire.Decode(rcpt.OriginalRecipient));
    }

    [Theory]
    [InlineData("NEVER", DsnNotify.Never)]
    [InlineData("never", DsnNotify.Never)]
    [InlineData("SUCCESS", DsnNotify.Success)]
    [InlineData("Failure", DsnNotify.Failure)]
    [InlineData("DELAY", DsnNotify.Delay)]
    [InlineData("SUCCESS,FAILURE", DsnNotify.Success | DsnNotify.Failure)]
    [InlineData("delay,failure,success", DsnNotify.Success | DsnNotify.Failure | DsnNotify.Delay)]
    public void Notify_is_never_or_a_list(string value, DsnNotify expected)
    {
        byte[] argument = Wire.Encode("TO:<a@b> NOTIFY=" + value);
        Assert.Equal(default, RcptArguments.TryParse(argument, All, smtpUtf8: false, PathOptions.None, out RcptArguments rcpt));
        Assert.Equal(expected, rcpt.Notify);
    }

    [Theory]
    [InlineData("NOTIFY")]
    [InlineData("NOTIFY=")]
    [InlineData("NOTIFY=,")]
    [InlineData("NOTIFY=SUCCESS,")]
    [InlineData("NOTIFY=,SUCCESS")]
    [InlineData("NOTIFY=SUCCESS,,DELAY")]
    [InlineData("NOTIFY=NEVER,SUCCESS")]
    [InlineData("NOTIFY=SUCCESS,NEVER")]
    [InlineData("NOTIFY=ALWAYS")]
    [InlineData("NOTIFY=SUCCESS;DELAY")]
    [InlineData("NOTIFY=SUCCESS NOTIFY=DELAY")]
    [InlineData("NOTIFY=NEVER NOTIFY=NEVER")]
    [InlineData("ORCPT")]
    [InlineData("ORCPT=")]
    [InlineData("ORCPT=a@b")]
    [InlineData("ORCPT=;a@b")]
    [InlineData("ORCPT=rfc822;")]
    [InlineData("ORCPT=rfc_822;a@b")]
    [InlineData("ORCPT=rfc822;a+zz")]
    [InlineData("ORCPT=rfc822;a+0D+0ABcc:x")]
    [InlineData("ORCPT=rfc822;a+00")]
    [InlineData("ORCPT=rfc822;\xC3\xA9@b")]
    [InlineData("ORCPT=utf-8;\xC3\xA9@b")]
    [InlineData("ORCPT=rfc822;a ORCPT=rfc822;a")]
    public void A_parameter_with_a_bad_value_or_given_twice_is_501(string parameters) =>
        Assert.Equal(Replies.BadArguments, Refusal("TO:<a@b> " + parameters));

    // RFC 6533 §3: utf-8-addr-xtext goes anywhere, utf-8-addr-unitext only where UTF-8 does.
    [Theory]
    [InlineData("utf-8;user@b", true, true)]
    [InlineData("UTF-8;\\x{E9}@b", true, true)]
    [InlineData("utf-8;\xC3\xA9@\xC3\xBC.example", false, true)]
    [InlineData("Utf-8;\xC3\xA9\\x{2B}\\x{10FFFF}@b", false, true)]
    [InlineData("utf-8;\xC3\xA9+2B", false, false)]
    [InlineData("utf-8;\xC3\xA9\\", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{5}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{5C", false, false)]
    [InlineData("utf-8;\xC3\xA9\\u{5C}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{0A}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{85}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{D800}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{110000}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{0000E9}", false, true)]
    [InlineData("utf-8;\xC3\xA9\\x{00000E9}", false, false)]
    [InlineData("utf-8;\xC3\xA9\\x{E9}\\x{xy}", false, false)]
    [InlineData("utf-8;\xC2\x85@b", false, false)]
    [InlineData("utf-8;\xE2\x80\xA8@b", false, false)]
    [InlineData("utf-8;\xFF@b", false, false)]
    [InlineData("rfc822;\xC3\xA9@b", false, false)]
    [InlineData("rfc822;a+zz", false, false)]
    public void An_original_recipient_of_utf8_is_unitext(string value, bool accepted, bool acceptedWithSmtpUtf8)
    {
        Assert.Equal(accepted, Refusal("TO:<a@b> ORCPT=" + value).IsNone);
        Assert.Equal(acceptedWithSmtpUtf8, Refusal("TO:<a@b> ORCPT=" + value, smtpUtf8: true).IsNone);
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(501, false)]
    public void An_orcpt_has_500_octets_at_most(int length, bool accepted) =>
        Assert.Equal(accepted, Refusal("TO:<a@b> ORCPT=rfc822;" + new string('o', length - 7)).IsNone);

    [Theory]
    [InlineData("NOTIFY=NEVER")]
    [InlineData("ORCPT=rfc822;a")]
    public void A_parameter_that_was_not_offered_is_555(string parameter) =>
        Assert.Equal(Replies.UnknownParameter, Refusal("TO:<a@b> " + parameter, offered: All & ~SmtpExtensions.Dsn));

    [Theory]
    [InlineData("SIZE=1")]
    [InlineData("SMTPUTF8")]
    [InlineData("XYZZY")]
    [InlineData("NOTIFY=NEVER RET=FULL")]
    public void An_unknown_parameter_is_555(string parameters) => Assert.Equal(Replies.UnknownParameter, Refusal("TO:<a@b> " + parameters));

    [Theory]
    [InlineData("TO:<a@b>NOTIFY=NEVER")]
    [InlineData("TO:<a@b> ")]
    [InlineData("TO:<a@b> <c@d>")]
    [InlineData("TO:<a@b>,<c@d>")]
    [InlineData("TO:<a@b>\0")]
    public void What_is_no_parameter_is_501(string argument) => Assert.Equal(Replies.BadArguments, Refusal(argument));

    [Theory]
    [InlineData("")]
    [InlineData("TO")]
    [InlineData("TO:")]
    [InlineData("TO:<>")]
    [InlineData("TO: <a@b>")]
    [InlineData("TO:a@b")]
    [InlineData("FROM:<a@b>")]
    [InlineData("TO:<a>")]
    [InlineData("TO:<a@b\r\n>")]
    public void A_bad_path_is_501_of_its_own(string argument) => Assert.Equal(Replies.BadRecipientSyntax, Refusal(argument));

    [Theory]
    [InlineData("TO: <a@b>", PathOptions.AllowLeadingSpace)]
    [InlineData("TO:a@b NOTIFY=NEVER", PathOptions.AllowMissingBrackets)]
    public void Leniency_is_asked_for(string argument, PathOptions leniency)
    {
        Assert.Equal(default, RcptArguments.TryParse(Wire.Encode(argument), All, smtpUtf8: false, leniency, out RcptArguments rcpt));
        Assert.Equal("a@b", Wire.Decode(rcpt.Mailbox));
    }

    [Theory]
    [InlineData("TO:<\xC3\xA9@b>")]
    [InlineData("TO:<@\xC3\xA9:a@b>")]
    public void Utf8_needs_mails_parameter_and_the_extension(string argument)
    {
        Assert.Equal(default, Refusal(argument, smtpUtf8: true));
        Assert.Equal(Replies.NeedsSmtpUtf8, Refusal(argument));
        Assert.Equal(Replies.BadRecipientSyntax, Refusal(argument, offered: All & ~SmtpExtensions.SmtpUtf8));
    }

    [Fact]
    public void Parsing_allocates_nothing()
    {
        byte[] argument = "TO:<@x:a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;\u00E9\\x{2B}@b"u8.ToArray();
        int accepted = 0;
        Assert.Equal(0, Allocations.Of(() =>
            accepted += RcptArguments.TryParse(argument, All, smtpUtf8: true, PathOptions.None, out _).IsNone ? 1 : 0));
        Assert.Equal(200, accepted);
    }

    private static SmtpReply Refusal(string argument, bool smtpUtf8 = false, SmtpExtensions offered = All) =>
        RcptArguments.TryParse(Wire.Encode(argument), offered, smtpUtf8, PathOptions.None, out _);
}
