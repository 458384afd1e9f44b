using System.Text;
using System.Text.Json;
using MimeKit;
using Smtp.Core;

namespace Relay.Http.Tests;

public sealed class MessageComposerTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private static readonly MessageRequest Simple = new()
    {
        From = RequestedAddress.FromText("Shop <shop@example.com>"),
        To = [RequestedAddress.FromText("a@example.net")],
        Subject = "Hello",
        Text = "Hi",
    };

    [Fact]
    public void A_message_of_every_field_is_read_by_MimeKit_as_it_was_meant()
    {
        byte[] picture = [0, 1, 2, 0xFF, (byte)'\r', (byte)'\n', (byte)'.'];
        ComposedMessage composed = Compose(new MessageRequest
        {
            From = RequestedAddress.FromText("Käse, Shop & Co <shop@example.com>") with { Email = "\"Käse, Shop & Co\" <shop@example.com>" },
            To = [new RequestedAddress("a@Example.NET", "Ännä"), RequestedAddress.FromText("b@bücher.example")],
            Cc = [RequestedAddress.FromText("c@example.net")],
            Bcc = [RequestedAddress.FromText("hidden@example.net")],
            ReplyTo = [RequestedAddress.FromText("answers@example.com")],
            Subject = "Grüße, 世界 " + new string('x', 200),
            Text = ".\r\n..dots\nbare \rfeed\r\n" + new string('y', 5000),
            Html = "<p>Hi <img src=\"cid:logo\"></p>",
            Headers = new Dictionary<string, string> { ["X-Order"] = "größer als " + new string('z', 120), ["List-Unsubscribe"] = "<https://example.com/u>" },
            Attachments =
            [
                new RequestedAttachment { Filename = "räksmörgås.pdf", Content = Convert.ToBase64String(picture) },
                new RequestedAttachment { ContentId = "logo", ContentType = "image/png", Content = Convert.ToBase64String(picture) },
            ],
        });

        Assert.Equal("shop@example.com", composed.ReversePath.ToString());
        Assert.Equal(["a@example.net", "b@xn--bcher-kva.example", "c@example.net", "hidden@example.net"], composed.Recipients.Select(r => r.ToString()));
        Assert.False(composed.SmtpUtf8);
        Assert.True(Ascii.IsValid(composed.Content));
        Assert.Null(ContentCheck.Check(composed.Content));
        Assert.DoesNotContain("hidden@", Encoding.ASCII.GetString(composed.Content), StringComparison.Ordinal);

        using var message = MimeMessage.Load(new MemoryStream(composed.Content), TestContext.Current.CancellationToken);
        Assert.Equal("Käse, Shop & Co", message.From.Mailboxes.Single().Name);
        Assert.Equal("Ännä", message.To.Mailboxes.First().Name);
        Assert.Equal("Grüße, 世界 " + new string('x', 200), message.Subject);
        Assert.Equal("id1@example.com", message.MessageId);
        Assert.Equal(Now, message.Date);
        Assert.Equal("größer als " + new string('z', 120), message.Headers["X-Order"]);
        Assert.Equal(".\n..dots\nbare \nfeed\n" + new string('y', 5000), message.TextBody?.ReplaceLineEndings("\n").TrimEnd());
        Assert.Contains("cid:logo", message.HtmlBody, StringComparison.Ordinal);
        MimePart attachment = Assert.IsType<MimePart>(message.Attachments.Single());
        Assert.Equal("räksmörgås.pdf", attachment.FileName);
        Assert.Equal("application/pdf", attachment.ContentType.MimeType);
        using var octets = new MemoryStream();
        attachment.Content!.DecodeTo(octets, TestContext.Current.CancellationToken);
        Assert.Equal(picture, octets.ToArray());
    }

    [Fact]
    public void An_address_outside_ASCII_makes_the_message_one_for_SMTPUTF8()
    {
        ComposedMessage composed = Compose(Simple with { To = [RequestedAddress.FromText("用户@example.net")] });

        Assert.True(composed.SmtpUtf8);
        Assert.Contains("用户@example.net", Encoding.UTF8.GetString(composed.Content), StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipient_given_twice_gets_one_message()
    {
        ComposedMessage composed = Compose(Simple with { Cc = [RequestedAddress.FromText("a@EXAMPLE.net")] });

        Assert.Single(composed.Recipients);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "from", """{"to":"a@example.net","text":"x"}""" },
        { "from", """{"from":"shop@example.com\r\nBcc: x@example.org","to":"a@example.net","text":"x"}""" },
        { "from", """{"from":{"email":"shop@example.com","name":"Shop\nBcc: x@example.org"},"to":"a@example.net","text":"x"}""" },
        { "from", """{"from":"a@example.com, b@example.com","to":"a@example.net","text":"x"}""" },
        { "from", """{"from":"nobody","to":"a@example.net","text":"x"}""" },
        { "to", """{"from":"shop@example.com","text":"x"}""" },
        { "to[1]", """{"from":"shop@example.com","to":["a@example.net","b@@example.net"],"text":"x"}""" },
        { "to[0]", """{"from":"shop@example.com","to":"a@exa mple.net","text":"x"}""" },
        { "to[0]", """{"from":"shop@example.com","to":"a@-.example.net.","text":"x"}""" },
        { "cc[0]", """{"from":"shop@example.com","to":"a@example.net","cc":"a\u0000b@example.net","text":"x"}""" },
        { "bcc[0]", """{"from":"shop@example.com","to":"a@example.net","bcc":"<>","text":"x"}""" },
        { "reply_to[0]", """{"from":"shop@example.com","to":"a@example.net","reply_to":"undisclosed:;","text":"x"}""" },
        { "subject", """{"from":"shop@example.com","to":"a@example.net","text":"x","subject":"a\r\nBcc: x@example.org"}""" },
        { "text", """{"from":"shop@example.com","to":"a@example.net"}""" },
        { "text", """{"from":"shop@example.com","to":"a@example.net","text":"a\u0000"}""" },
        { "headers.X-A", """{"from":"shop@example.com","to":"a@example.net","text":"x","headers":{"X-A":"a\r\nBcc: x@example.org"}}""" },
        { "headers.X-A: b", """{"from":"shop@example.com","to":"a@example.net","text":"x","headers":{"X-A: b":"c"}}""" },
        { "headers.Bcc", """{"from":"shop@example.com","to":"a@example.net","text":"x","headers":{"Bcc":"c@example.net"}}""" },
        { "headers.content-type", """{"from":"shop@example.com","to":"a@example.net","text":"x","headers":{"content-type":"text/html"}}""" },
        { "headers.DKIM-Signature", """{"from":"shop@example.com","to":"a@example.net","text":"x","headers":{"DKIM-Signature":"v=1"}}""" },
        { "attachments[0].content", """{"from":"shop@example.com","to":"a@example.net","text":"x","attachments":[{"filename":"a.txt","content":"%"}]}""" },
        { "attachments[0].filename", """{"from":"shop@example.com","to":"a@example.net","text":"x","attachments":[{"filename":"../a","content":"QQ=="}]}""" },
        { "attachments[0].content_type", """{"from":"shop@example.com","to":"a@example.net","text":"x","attachments":[{"filename":"a","content":"QQ==","content_type":"message/rfc822"}]}""" },
        { "attachments[0].content_type", """{"from":"shop@example.com","to":"a@example.net","text":"x","attachments":[{"filename":"a","content":"QQ==","content_type":"text/plain\r\nX: y"}]}""" },
        { "attachments[0].content_id", """{"from":"shop@example.com","to":"a@example.net","text":"x","attachments":[{"content_id":"a>\r\nX: y","content":"QQ=="}]}""" },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void What_SMTP_would_refuse_is_refused_with_the_fields_name(string field, string json)
    {
        MessageRequest request = JsonSerializer.Deserialize(json, HttpJson.Default.MessageRequest)!;
        var errors = new List<FieldError>();

        Assert.Null(new MessageComposer(new SmtpLimits()).Compose(request, "id1", Now, errors));

        Assert.Contains(field, errors.Select(error => error.Field));
    }

    [Fact]
    public void A_message_beyond_the_servers_size_is_refused()
    {
        var errors = new List<FieldError>();
        var composer = new MessageComposer(new SmtpLimits { MaximumMessageSize = 65536 });

        Assert.Null(composer.Compose(Simple with { Text = string.Concat(Enumerable.Repeat("0123456789\n", 7000)) }, "id1", Now, errors));

        Assert.Single(errors);
    }

    [Fact]
    public void More_recipients_than_the_server_takes_are_refused()
    {
        var errors = new List<FieldError>();
        var to = Enumerable.Range(0, 1001).Select(i => RequestedAddress.FromText($"u{i}@example.net")).ToList();

        Assert.Null(new MessageComposer(new SmtpLimits()).Compose(Simple with { To = to }, "id1", Now, errors));

        Assert.Equal("to", Assert.Single(errors).Field);
    }

    private static ComposedMessage Compose(MessageRequest request)
    {
        var errors = new List<FieldError>();
        ComposedMessage? composed = new MessageComposer(new SmtpLimits()).Compose(request, "id1", Now, errors);
        Assert.Empty(errors);
        return composed!;
    }
}
