namespace Smtp.Core.Tests;

public class SmtpPathTests
{
    [Theory]
    [InlineData("user@example.com", "user", "example.com", false)]
    [InlineData("<user@example.com>", "user", "example.com", false)]
    [InlineData("<@x:user@example.com>", "user", "example.com", false)]
    [InlineData("\"a@b\"@[127.0.0.1]", "\"a@b\"", "[127.0.0.1]", false)]
    [InlineData("Postmaster", "Postmaster", "", false)]
    [InlineData("\u7528\u6237@\u4F8B.example", "\u7528\u6237", "\u4F8B.example", true)]
    [InlineData("\U0001F600@b", "\U0001F600", "b", true)]
    public void A_mailbox_has_two_parts(string text, string localPart, string domain, bool requiresSmtpUtf8)
    {
        SmtpPath path = SmtpPath.Parse(text);
        Assert.Equal(localPart, System.Text.Encoding.UTF8.GetString(path.LocalPart));
        Assert.Equal(domain, System.Text.Encoding.UTF8.GetString(path.Domain));
        Assert.Equal(domain.Length == 0 ? localPart : $"{localPart}@{domain}", path.ToString());
        Assert.Equal(requiresSmtpUtf8, path.RequiresSmtpUtf8);
        Assert.False(path.IsNull);
        Assert.Equal(path, path.ToOwned());
        Assert.Equal(path.GetHashCode(), path.ToOwned().GetHashCode());
        Assert.True(path == SmtpPath.Parse(path.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<>")]
    public void The_null_path_is_empty(string text)
    {
        SmtpPath path = SmtpPath.Parse(text);
        Assert.True(path.IsNull);
        Assert.Equal(SmtpPath.Null, path);
        Assert.Equal("", path.ToString());
        Assert.True(path.LocalPart.IsEmpty);
        Assert.True(path.Domain.IsEmpty);
        Assert.False(path.RequiresSmtpUtf8);
        Assert.Equal(path, path.ToOwned());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("user")]
    [InlineData("user@example.com ")]
    [InlineData(" user@example.com")]
    [InlineData("user@example.com\r\nRCPT TO:<b@c>")]
    [InlineData("a@b>\r\nDATA")]
    [InlineData("<a@b> SIZE=1")]
    [InlineData("a@b SIZE=1")]
    [InlineData("\"a\r\nb\"@c")]
    [InlineData("a\0@b")]
    [InlineData("a\u0085@b")]
    [InlineData("a\u2028@b")]
    [InlineData("a@b\u2029")]
    [InlineData("\u010D\u010A@b\u010A.x\n")]
    public void What_is_no_mailbox_is_refused(string? text)
    {
        Assert.False(SmtpPath.TryParse(text, out SmtpPath path));
        Assert.True(path.IsNull);
    }

    [Fact]
    public void A_lone_surrogate_is_refused_and_not_replaced()
    {
        // Not an InlineData: test reports would have replaced it before.
        foreach (string text in (string[])["a\uD83D@b", "a\uDE00@b", "a@b\uDE00\uD83D", "\"\uD83D\"@b"])
        {
            Assert.False(SmtpPath.TryParse(text, out _));
        }
    }

    [Fact]
    public void The_longest_texts_are_parsed_and_longer_ones_refused()
    {
        string cjk = string.Concat(Enumerable.Repeat("\u4F8B", 60));
        Assert.True(SmtpPath.TryParse("a@" + cjk, out _));
        Assert.False(SmtpPath.TryParse("a@" + new string('\u4F8B', 254), out _));
        Assert.False(SmtpPath.TryParse(new string('\u4F8B', 5000), out _));
    }

    [Fact]
    public void Parse_names_what_it_refuses_without_controls()
    {
        FormatException exception = Assert.Throws<FormatException>(() => SmtpPath.Parse("a\r\nb"));
        Assert.Contains("'a??b'", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => SmtpPath.Parse(null!));
    }

    [Fact]
    public void Domains_that_differ_in_case_differ()
    {
        Assert.True(SmtpPath.Parse("a@b") != SmtpPath.Parse("a@B"));
        Assert.False(SmtpPath.Parse("a@b").Equals((object)"a@b"));
    }

    [Theory]
    [InlineData("a@example.com", "example.com", true)]
    [InlineData("a@EXAMPLE.com", "Example.COM", true)]
    [InlineData("a@sub.example.com", "example.com", false)]
    [InlineData("a@badexample.com", "example.com", false)]
    [InlineData("\"x@example.com\"@example.net", "example.com", false)]
    [InlineData("a@GRÜN.example", "grün.example", true)]
    [InlineData("Postmaster", "example.com", false)]
    [InlineData("", "example.com", false)]
    public void A_mailbox_is_in_its_own_domain_only(string path, string domain, bool expected) =>
        Assert.Equal(expected, SmtpPath.Parse(path).IsIn(domain));
}
