namespace Smtp.Core.Tests;

public class MailArgumentsTests
{
    private const SmtpExtensions All = (SmtpExtensions)0xFFF;

    [Fact]
    public void Without_parameters_all_is_at_its_default()
    {
        Assert.True(MailArguments.TryParse("FROM:<a@b>"u8, SmtpExtensions.None, PathOptions.None, out MailArguments mail).IsNone);
        Assert.Equal("a@b", Wire.Decode(mail.Mailbox));
        Assert.Equal(1, mail.LocalPartLength);
        Assert.Equal(-1, mail.Size);
        Assert.Equal(BodyType.SevenBit, mail.Body);
        Assert.False(mail.SmtpUtf8);
        Assert.False(mail.RequireTls);
        Assert.Equal(DsnReturn.Unspecified, mail.Return);
        Assert.True(mail.EnvelopeId.IsEmpty);
        Assert.True(mail.Submitter.IsEmpty);
    }

    [Fact]
    public void All_parameters_together()
    {
        byte[] argument =
            Wire.Encode("from:<@x:\xC3\xA9@b> size=0010  Body=binarymime smtpUtf8 RET=hdrs EnvId=QQ+2B1 auth=<> requireTLS");
        Assert.Equal(default, MailArguments.TryParse(argument, All, PathOptions.None, out MailArguments mail));
        Assert.Equal("\xC3\xA9@b", Wire.Decode(mail.Mailbox));
        Assert.Equal(2, mail.LocalPartLength);
        Assert.Equal(10, mail.Size);
        Assert.Equal(BodyType.BinaryMime, mail.Body);
        Assert.True(mail.SmtpUtf8);
        Assert.True(mail.RequireTls);
        Assert.Equal(DsnReturn.Headers, mail.Return);
        Assert.Equal("QQ+2B1", Wire.Decode(mail.EnvelopeId));
        Assert.Equal("<>", Wire.Decode(mail.Submitter));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    [InlineData("00000000000000000001", 1)]
    [InlineData("4294967302", 4294967302)]
    [InlineData("9223372036854775806", long.MaxValue - 1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775808", long.MaxValue)]
    [InlineData("18446744073709551616", long.MaxValue)]
    [InlineData("18446744073709551622", long.MaxValue)]
    [InlineData("99999999999999999999", long.MaxValue)]
    public void Size_saturates_and_never_wraps(string value, long expected)
    {
        byte[] argument = Wire.Encode("FROM:<> SIZE=" + value);
        Assert.Equal(default, MailArguments.TryParse(argument, SmtpExtensions.Size, PathOptions.None, out MailArguments mail));
        Assert.Equal(expected, mail.Size);
        Assert.True(mail.Mailbox.IsEmpty);
    }

    [Theory]
    [InlineData("BODY=7BIT", BodyType.SevenBit)]
    [InlineData("BODY=8bitmime", BodyType.EightBitMime)]
    [InlineData("body=BINARYMIME", BodyType.BinaryMime)]
    public void Body_has_three_values(string parameter, BodyType expected)
    {
        Assert.True(MailArguments.TryParse(Wire.Encode("FROM:<a@b> " + parameter), All, PathOptions.None, out MailArguments mail).IsNone);
        Assert.Equal(expected, mail.Body);
    }

    [Theory]
    [InlineData("RET=FULL", DsnReturn.Full)]
    [InlineData("ret=Hdrs", DsnReturn.Headers)]
    public void Ret_has_two_values(string parameter, DsnReturn expected)
    {
        Assert.True(MailArguments.TryParse(Wire.Encode("FROM:<a@b> " + parameter), All, PathOptions.None, out MailArguments mail).IsNone);
        Assert.Equal(expected, mail.Return);
    }

    [Theory]
    [InlineData("AUTH=e+3Dmc2@example.com")]
    [InlineData("AUTH=<>")]
    [InlineData("ENVID=a+20b")]
    [InlineData("AUTH=a ENVID=b")]
    public void Xtext_values_are_taken(string parameters) =>
        Assert.Equal(default, Refusal("FROM:<a@b> " + parameters));

    [Theory]
    [InlineData("SIZE")]
    [InlineData("SIZE=")]
    [InlineData("SIZE=-1")]
    [InlineData("SIZE=+1")]
    [InlineData("SIZE=1x")]
    [InlineData("SIZE=0x10")]
    [InlineData("SIZE=1,000")]
    [InlineData("SIZE=000000000000000000001")]
    [InlineData("SIZE=\xC2\xB2")]
    [InlineData("BODY")]
    [InlineData("BODY=8BIT")]
    [InlineData("BODY=8BITMIMEX")]
    [InlineData("SMTPUTF8=1")]
    [InlineData("SMTPUTF8=")]
    [InlineData("REQUIRETLS=YES")]
    [InlineData("RET")]
    [InlineData("RET=HEADERS")]
    [InlineData("RET=FULL,HDRS")]
    [InlineData("ENVID")]
    [InlineData("ENVID=")]
    [InlineData("ENVID=a+zz")]
    [InlineData("ENVID=+0D+0ABcc:x")]
    [InlineData("ENVID=+00")]
    [InlineData("ENVID=\xC3\xA9")]
    [InlineData("AUTH")]
    [InlineData("AUTH=<a@b>x=")]
    [InlineData("AUTH=a+3d")]
    [InlineData("AUTH=\xC3\xA9@b")]
    public void A_parameter_with_a_bad_value_is_501(string parameter) =>
        Assert.Equal(Replies.BadArguments, Refusal("FROM:<a@b> " + parameter));

    [Theory]
    [InlineData("SIZE=1 SIZE=1")]
    [InlineData("SIZE=0 size=0")]
    [InlineData("BODY=7BIT BODY=7BIT")]
    [InlineData("BODY=7BIT BODY=8BITMIME")]
    [InlineData("SMTPUTF8 SMTPUTF8")]
    [InlineData("REQUIRETLS SIZE=1 requiretls")]
    [InlineData("RET=FULL RET=HDRS")]
    [InlineData("ENVID=a ENVID=b")]
    [InlineData("AUTH=<> AUTH=a")]
    public void A_parameter_given_twice_is_501(string parameters) =>
        Assert.Equal(Replies.BadArguments, Refusal("FROM:<a@b> " + parameters));

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void An_envid_has_100_octets_at_most(int length, bool accepted) =>
        Assert.Equal(accepted, Refusal("FROM:<a@b> ENVID=" + new string('e', length)).IsNone);

    [Theory]
    [InlineData(500, true)]
    [InlineData(501, false)]
    public void A_submitter_has_500_octets_at_most(int length, bool accepted) =>
        Assert.Equal(accepted, Refusal("FROM:<a@b> AUTH=" + new string('e', length)).IsNone);

    [Theory]
    [InlineData("SIZE=1", SmtpExtensions.Size)]
    [InlineData("BODY=7BIT", SmtpExtensions.EightBitMime)]
    [InlineData("SMTPUTF8", SmtpExtensions.SmtpUtf8)]
    [InlineData("RET=FULL", SmtpExtensions.Dsn)]
    [InlineData("ENVID=x", SmtpExtensions.Dsn)]
    [InlineData("AUTH=<>", SmtpExtensions.Auth)]
    [InlineData("REQUIRETLS", SmtpExtensions.RequireTls)]
    public void A_parameter_that_was_not_offered_is_555(string parameter, SmtpExtensions needed)
    {
        Assert.Equal(default, Refusal("FROM:<a@b> " + parameter, needed));
        Assert.Equal(Replies.UnknownParameter, Refusal("FROM:<a@b> " + parameter, All & ~needed));
    }

    [Fact]
    public void Binarymime_that_was_not_offered_is_a_bad_value_of_body()
    {
        Assert.Equal(Replies.BadArguments, Refusal("FROM:<a@b> BODY=BINARYMIME", All & ~SmtpExtensions.BinaryMime));
        Assert.Equal(Replies.UnknownParameter, Refusal("FROM:<a@b> BODY=BINARYMIME", SmtpExtensions.BinaryMime));
    }

    [Theory]
    [InlineData("XYZZY")]
    [InlineData("XYZZY=1")]
    [InlineData("SIZES=1")]
    [InlineData("NOTIFY=NEVER")]
    [InlineData("SIZE=1 ORCPT=rfc822;a")]
    public void An_unknown_parameter_is_555(string parameters) =>
        Assert.Equal(Replies.UnknownParameter, Refusal("FROM:<a@b> " + parameters));

    [Theory]
    [InlineData("FROM:<a@b>SIZE=1")]
    [InlineData("FROM:<a@b>>")]
    [InlineData("FROM:<a@b> <c@d>")]
    [InlineData("FROM:<a@b> ")]
    [InlineData("FROM:<a@b> =")]
    [InlineData("FROM:<a@b> SIZE=1\tRET=FULL")]
    [InlineData("FROM:<a@b>\r")]
    [InlineData("FROM:<>\0")]
    public void What_is_no_parameter_is_501(string argument) => Assert.Equal(Replies.BadArguments, Refusal(argument));

    [Theory]
    [InlineData("")]
    [InlineData("FROM")]
    [InlineData("FROM:")]
    [InlineData("FROM <a@b>")]
    [InlineData("FROM :<a@b>")]
    [InlineData("FROM: <a@b>")]
    [InlineData("FROM:a@b")]
    [InlineData(" FROM:<a@b>")]
    [InlineData("TO:<a@b>")]
    [InlineData("FROM:<Postmaster>")]
    [InlineData("FROM:<a@b\r\n>")]
    [InlineData("FROM:<a\0@b>")]
    public void A_bad_path_is_501_of_its_own(string argument) => Assert.Equal(Replies.BadSenderSyntax, Refusal(argument));

    [Theory]
    [InlineData("FROM: <a@b>", PathOptions.AllowLeadingSpace)]
    [InlineData("FROM:a@b SIZE=1", PathOptions.AllowMissingBrackets)]
    public void Leniency_is_asked_for(string argument, PathOptions leniency)
    {
        Assert.Equal(default, MailArguments.TryParse(Wire.Encode(argument), All, leniency, out MailArguments mail));
        Assert.Equal("a@b", Wire.Decode(mail.Mailbox));
    }

    [Theory]
    [InlineData("FROM:<\xC3\xA9@b>")]
    [InlineData("FROM:<a@\xC3\xA9>")]
    [InlineData("FROM:<@\xC3\xA9:a@b>")]
    public void Utf8_needs_the_parameter_and_the_extension(string argument)
    {
        Assert.Equal(default, Refusal(argument + " SMTPUTF8"));
        Assert.Equal(Replies.NeedsSmtpUtf8, Refusal(argument));
        Assert.Equal(Replies.BadSenderSyntax, Refusal(argument, All & ~SmtpExtensions.SmtpUtf8));
    }

    [Fact]
    public void A_refusal_leaves_nothing_behind()
    {
        Assert.False(MailArguments.TryParse("FROM:<a@b> SIZE=5 SIZE=6"u8, All, PathOptions.None, out MailArguments mail).IsNone);
        Assert.True(mail.Mailbox.IsEmpty);
        Assert.Equal(0, mail.Size);
    }

    [Fact]
    public void Parsing_allocates_nothing()
    {
        byte[] argument = Wire.Encode("FROM:<\xC3\xA9@b.example> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B1 AUTH=<> REQUIRETLS");
        byte[] bad = "FROM:<a@b> SIZE=x"u8.ToArray();
        int accepted = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            accepted += MailArguments.TryParse(argument, All, PathOptions.None, out _).IsNone ? 1 : 0;
            accepted += MailArguments.TryParse(bad, All, PathOptions.None, out _).IsNone ? 1 : 0;
        }));
        Assert.Equal(200, accepted);
    }

    private static SmtpReply Refusal(string argument, SmtpExtensions offered = All) =>
        MailArguments.TryParse(Wire.Encode(argument), offered, PathOptions.None, out _);
}
