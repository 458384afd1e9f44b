using System.Text;
using Relay.Spool;

namespace Relay.Http.Tests;

public sealed class SubmissionHeadersTests
{
    public static TheoryData<string, string, string, string?> Fields => new()
    {
        { "X-Tag: welcome\r\n", "welcome", "", null },
        { "x-tag:  a , b,\r\n\tc ,,a\r\n", "a|b|c", "", null },
        { "X-PM-Tag: order, confirmed\r\n", "order, confirmed", "", null },
        { "X-Mailgun-Tag: m1\r\nX-Mailgun-Tag: m2\r\n", "m1|m2", "", null },
        { "X-Metadata-Order: 17\r\nX-PM-Metadata-color: blue\r\n", "", "Order=17|color=blue", null },
        { "X-Mailgun-Variables: {\"a\": \"b\",\r\n \"n\": 3, \"o\": {\"p\":1}}\r\n", "", "a=b|n=3|o={\"p\":1}", null },
        { "X-SES-MESSAGE-TAGS: campaign=spring, kind=news\r\n", "campaign:spring|kind:news", "campaign=spring|kind=news", null },
        { "X-SMTPAPI: {\"category\": [\"c1\", \"c2\"], \"unique_args\": {\"k\": \"v\"}}\r\n", "c1|c2", "k=v", null },
        { "X-SMTPAPI: {\"category\": \"one\"}\r\n", "one", "", null },
        { "X-Custom-Id: order-17\r\n", "", "", "order-17" },
        { "X-Tag: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n", "grüße", "", null },
        { "X-Tag : odd\r\n", "odd", "", null },
    };

    [Theory]
    [MemberData(nameof(Fields), DisableDiscoveryEnumeration = true)]
    public void Fields_are_read_and_taken_off(string fields, string tags, string metadata, string? customId)
    {
        const string Before = "From: <a@example.com>\r\nX-Tagged: stays\r\n";
        const string After = "Subject: x-tag: not a field\r\n\tX-Tag: folded\r\n\r\nX-Tag: body\r\n";

        SubmissionLabels labels = SubmissionHeaders.Read(Encoding.UTF8.GetBytes(Before + fields + After));

        Assert.Equal(Before + After, Encoding.UTF8.GetString(labels.Header.Span));
        Assert.Equal(tags, string.Join('|', labels.Tags));
        Assert.Equal(metadata, string.Join('|', labels.Metadata.Select(m => $"{m.Key}={m.Value}")));
        Assert.Equal(customId, labels.CustomId);
        Assert.Empty(labels.PassedOver);
    }

    [Fact]
    public void A_header_without_them_is_handed_back_as_it_is()
    {
        ReadOnlyMemory<byte> header = "From: <a@example.com>\r\nX-Mailer: y\r\n\r\n"u8.ToArray();

        Assert.True(header.Equals(SubmissionHeaders.Read(header).Header));
    }

    [Theory]
    [InlineData("X-Mailgun-Variables: {not json\r\n")]
    [InlineData("X-Mailgun-Variables: [1]\r\n")]
    [InlineData("X-SMTPAPI: 7\r\n")]
    [InlineData("X-SMTPAPI: {\"to\":[\"a@example.net\"]}\r\n")]
    [InlineData("X-SES-MESSAGE-TAGS: novalue\r\n")]
    [InlineData("X-Tag: a\u0001b\r\n")]
    [InlineData("X-Metadata-sp ace: b\r\n")]
    [InlineData("X-Custom-Id:\r\n")]
    [InlineData("X-SMTPAPI: {\"category\":\"\\ud800\"}\r\n")]
    [InlineData("X-Mailgun-Variables: {\"\\udc00\":\"a\"}\r\n")]
    public void What_is_not_understood_is_taken_off_and_told(string field)
    {
        SubmissionLabels labels = SubmissionHeaders.Read(Encoding.UTF8.GetBytes(field + "\r\n"));

        Assert.Equal("\r\n", Encoding.UTF8.GetString(labels.Header.Span));
        Assert.Single(labels.PassedOver);
        Assert.Empty(labels.Tags);
        Assert.Empty(labels.Metadata);
    }

    [Theory]
    [InlineData("X-Relay-Priority: high\r\nX-Relay-Stream: bulk\r\n", MessagePriority.High, "bulk", 0)]
    [InlineData("x-relay-priority: LOW\r\n", MessagePriority.Low, null, 0)]
    [InlineData("X-Relay-Priority: 1\r\nX-Relay-Stream: No Stream\r\n", null, null, 2)]
    public void Priority_and_stream_are_read_and_taken_off(string fields, MessagePriority? priority, string? stream, int passedOver)
    {
        SubmissionLabels labels = SubmissionHeaders.Read(Encoding.UTF8.GetBytes(fields + "Subject: s\r\n"));

        Assert.Equal("Subject: s\r\n", Encoding.UTF8.GetString(labels.Header.Span));
        Assert.Equal((priority, stream, passedOver), (labels.Priority, labels.Stream, labels.PassedOver.Count));
    }

    [Fact]
    public void Bounds_hold()
    {
        string header = string.Concat(Enumerable.Range(0, 200).Select(i => $"X-Tag: t{i}\r\nX-Metadata-k{i}: v\r\n")) + $"X-Tag: {new string('t', 200)}\r\n";

        SubmissionLabels labels = SubmissionHeaders.Read(Encoding.UTF8.GetBytes(header));

        Assert.Equal(MessageLabels.MaximumTags, labels.Tags.Count);
        Assert.Equal(MessageLabels.MaximumMetadata, labels.Metadata.Count);
        Assert.Equal(8, labels.PassedOver.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("X-Tag: a")]
    [InlineData("\n")]
    [InlineData("X-Tag: a\n\nX-Tag: body")]
    [InlineData("no field\r\nX-Tag: a\r\n")]
    public void Headers_that_are_none_do_no_harm(string header) => Assert.NotNull(SubmissionHeaders.Read(Encoding.UTF8.GetBytes(header)));
}
