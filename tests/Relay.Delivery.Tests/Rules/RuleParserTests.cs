using System.Net;
using Microsoft.Extensions.Time.Testing;
using Smtp.Core;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

public sealed class RuleParserTests
{
    [Fact]
    public void A_line_says_when_and_what()
    {
        DeliveryRule rule = Assert.Single(Parse(
            "# a comment\n\n  code=421,45x site=google.com text=/a\\/b => c|rate limit/ => slow to 25% for 30m, rate 30/m for 1h, connections 2 for 2h, suspend for 4h, defer for 90s\r\n"));
        Assert.Equal(3, rule.Line);
        Assert.Equal(new RuleOrder(0.25, TimeSpan.FromMinutes(30), 0.5, TimeSpan.FromHours(1), 2, TimeSpan.FromHours(2)), rule.Order);
        Assert.Equal((TimeSpan.FromHours(4), true, TimeSpan.FromSeconds(90)), (rule.Suspend!.Value, rule.Defers, rule.Delay!.Value));
        Assert.True(rule.Matches(Said(421, "A/B => C")));
        Assert.True(rule.Matches(Said(452, "Rate Limit")));
        Assert.False(rule.Matches(Said(550, "rate limit")));
        Assert.False(rule.Matches(Said(421, "something else")));
        Assert.False(rule.Matches(Said(421, "rate limit", host: "notgoogle.com")));
    }

    [Theory]
    [InlineData("status=5.7.*", true)]
    [InlineData("status=*.7.1", true)]
    [InlineData("status=4.7.1,5.7.1", true)]
    [InlineData("status=5.7.2", false)]
    [InlineData("stage=rcpt", true)]
    [InlineData("stage=data,end", false)]
    [InlineData("domain=example.net", true)]
    [InlineData("domain=*.example.net", false)]
    [InlineData("domain=*.net", true)]
    [InlineData("reason=block-list,policy", true)]
    [InlineData("reason=content", false)]
    [InlineData("site=mx.google.com", true)]
    [InlineData("code=5xx status=5.7.1 stage=rcpt domain=example.net", true)]
    [InlineData("code=5xx status=5.7.1 stage=mail domain=example.net", false)]
    public void Conditions_are_all_to_be_met(string conditions, bool matches) =>
        Assert.Equal(matches, Assert.Single(Parse(conditions + " => bounce")).Matches(Said(550, "No")));

    [Theory]
    [InlineData("code=20x => bounce", "line 2: code=20x; allowed are reply codes")]
    [InlineData("code=421 => explode", "line 2: \"explode\" is no action; allowed are slow to PERCENT% for TIME")]
    [InlineData("colour=red => bounce", "line 2: \"colour=\" is no condition; allowed are code=")]
    [InlineData("code=421 bounce", "line 2: there is no \"=>\"")]
    [InlineData("=> bounce", "line 2: there is no condition")]
    [InlineData("code=421 =>", "line 2: there is no action")]
    [InlineData("text=/(a/ => bounce", "line 2: text=/(a/ is no regular expression")]
    [InlineData("text=/(?=a)b/ => bounce", "look-around")]
    [InlineData("text=/a => bounce", "has no slash at its end")]
    [InlineData("text=abc => bounce", "between slashes")]
    [InlineData("status=4.7 => bounce", "line 2: status=4.7; allowed are enhanced status codes")]
    [InlineData("stage=lunch => bounce", "stage=lunch; allowed are connect, greeting")]
    [InlineData("reason=mood => bounce", "reason=mood; allowed are other, recipient")]
    [InlineData("code=421 => slow to 120% for 1h", "120% is not above 0% and below 100%")]
    [InlineData("code=421 => rate 5 for 1h", "5 is not 1 to 100000 messages a second")]
    [InlineData("code=421 => suspend for 2", "2 is not a time of 1ms to 30d")]
    [InlineData("code=421 => suspend for 400d", "400d is not a time of 1ms to 30d")]
    [InlineData("code=421 => bounce, defer", "cannot be tried again")]
    public void What_is_wrong_is_told_with_its_line_and_what_is_allowed(string line, string expected)
    {
        var errors = new List<string>();
        RuleParser.Parse("# one\n" + line + "\ncode=421 => bounce\n", errors);
        Assert.Contains(expected, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_that_is_shipped_is_right()
    {
        IReadOnlyList<DeliveryRule> rules = RulesFile.Read(Path.Combine(AppContext.BaseDirectory, "delivery.rules"));
        Assert.True(rules.Count > 10);
        DeliveryRule gmail = rules.First(r => r.Matches(Said(
            421, "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address", new EnhancedStatus(4, 7, 28), "gmail-smtp-in.l.google.com")));
        Assert.Equal(2, gmail.Order!.Connections);
        DeliveryRule microsoft = rules.First(r => r.Matches(Said(
            550, "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is on our block list (S3140).", new EnhancedStatus(5, 7, 1), "example-net.mail.protection.outlook.com")));
        Assert.NotNull(microsoft.Suspend);
    }

    [Fact]
    public void Orders_hold_for_their_time_and_the_stricter_stays()
    {
        var time = new FakeTimeProvider();
        var orders = new SiteOrders(time);
        var usual = new ShapingSettings { MaximumConnections = 20, InitialConnections = 5, MessagesPerSecond = 10 };
        Assert.Same(usual, orders.Apply(usual));
        orders.Take(new RuleOrder(0.5, TimeSpan.FromMinutes(10), null, default, 4, TimeSpan.FromMinutes(5)));
        orders.Take(new RuleOrder(0.5, TimeSpan.FromMinutes(10), null, default, 8, TimeSpan.FromMinutes(1)));
        ShapingSettings slowed = orders.Apply(usual);
        Assert.Equal((4, 4, 5.0), (slowed.MaximumConnections, slowed.InitialConnections, slowed.MessagesPerSecond));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal((10, 5.0), (orders.Apply(usual).MaximumConnections, orders.Apply(usual).MessagesPerSecond));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Same(usual, orders.Apply(usual));
    }

    [Fact]
    public void A_file_is_read_again_and_a_wrong_one_leaves_the_rules_in_force()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider();
        var log = new LogLines();
        string path = folder["rules"];
        File.WriteAllText(path, "code=421 => bounce\n");
        using var file = new RulesFile(path, time, log);
        Assert.True(file.Find(Said(421, "x"))!.Bounces);

        File.WriteAllText(path, "code=421 => defer for 1h\n");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(file.Find(Said(421, "x"))!.Defers);

        File.WriteAllText(path, "code=421 => bounce\nnonsense\n");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(file.Find(Said(421, "x"))!.Defers);
        Assert.Contains(log.Lines, l => l.Contains("the old ones stay in force: line 2: there is no \"=>\"", StringComparison.Ordinal));
        Assert.Throws<DeliveryRulesException>(() => file.Replace(folder["nowhere"]));
        Assert.True(file.Find(Said(421, "x"))!.Defers);
    }

    private static IReadOnlyList<DeliveryRule> Parse(string text)
    {
        var errors = new List<string>();
        IReadOnlyList<DeliveryRule> rules = RuleParser.Parse(text, errors);
        Assert.Empty(errors);
        return rules;
    }

    private static RuleSubject Said(int code, string text, EnhancedStatus? status = null, string host = "mx.google.com") => new(
        code, status ?? new EnhancedStatus(5, 7, 1), text, SmtpStage.Recipient, BounceReason.Policy, "example.net", [new MailHost(host, 25, 0, [IPAddress.Loopback])]);
}
