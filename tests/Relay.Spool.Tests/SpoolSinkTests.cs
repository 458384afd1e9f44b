using System.Buffers;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Spool.Tests;

public sealed class SpoolSinkTests
{
    private const string Header = "From: Shop <orders@shop.example>\r\nSubject: Your\r\n order\r\n\r\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(60_000)]
    [InlineData(65_000)]
    [InlineData(66_000)]
    [InlineData(3_000_000)]
    public async Task A_message_of_any_size_is_stored_below_its_received_field(int size)
    {
        using var spool = new TestSpool();
        await using SinkServer server = await new SinkServer(spool.Spool).ConnectAsync();
        string body = string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", (size + 77) / 78));

        string reply = await server.SendAsync(Header + body, "b@Example.net", " BODY=8BITMIME RET=HDRS ENVID=abc");

        Assert.StartsWith("250 2.0.0 ", reply, StringComparison.Ordinal);
        MessageId id = MessageId.Parse(reply.Split(' ')[2]);
        StoredMessage message = (await spool.Spool.FindAsync(id, Token))!;
        await using SpoolContent content = await spool.Spool.OpenContentAsync(message, Token);
        string text = Encoding.ASCII.GetString((await content.ReadAllAsync(Token)).Span);
        Assert.Equal(size < 66_000, content.IsMemory);
        Assert.StartsWith($"Received: from client.example.com ([127.0.0.1])\r\n\tby relay.example.com with ESMTP\r\n\tid {id}\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("+0000\r\n" + Header + body, text, StringComparison.Ordinal);
        Assert.Equal(text.Length, message.Size);
        Assert.Equal("Shop <orders@shop.example>", message.Facts.From);
        Assert.Equal("Your order", message.Facts.Subject);
        Assert.Equal("shop.example", message.Facts.SenderDomain);
        Assert.Equal("a@example.com", message.Facts.ReversePath);
        Assert.Equal(DsnReturn.Headers, message.Facts.Return);
        Assert.Equal("abc", message.Facts.EnvelopeId);
        Assert.Equal("example.net", (await spool.RecipientAsync(id)).Destination);
    }

    [Fact]
    public async Task A_large_message_that_is_broken_off_leaves_no_file()
    {
        using var spool = new TestSpool();
        await using SinkServer server = await new SinkServer(spool.Spool).ConnectAsync();

        await server.BreakOffAsync(Header + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 10_000)));

        Assert.Empty(Directory.GetFiles(Path.Combine(spool.Folder, "bodies"), "*", SearchOption.AllDirectories));
        Assert.Equal(0, (await spool.Spool.FiguresAsync(Token)).Waiting);
    }

    [Fact]
    public async Task The_file_of_a_large_message_goes_with_its_last_recipient()
    {
        using var spool = new TestSpool();
        await using SinkServer server = await new SinkServer(spool.Spool).ConnectAsync();
        await server.SendAsync(Header + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 2_000)));
        string folder = Path.Combine(spool.Folder, "bodies");
        string file = Assert.Single(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        await spool.CompleteAsync(await spool.LeaseOneAsync(), RecipientState.Delivered);

        // The file goes behind the commit, which is what the completion waits for.
        for (int i = 0; i < 3000 && File.Exists(file); i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Empty(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5_000)]
    public async Task A_filter_takes_fields_off_and_says_what_they_said(int lines)
    {
        using var spool = new TestSpool();
        await using SinkServer server = await new SinkServer(spool.Spool, o => o with { Filter = new TagFilter() }).ConnectAsync();
        string body = string.Concat(Enumerable.Repeat("Hello\r\n", lines * 4));

        string reply = await server.SendAsync("X-Tag: welcome\r\n" + Header + body);

        StoredMessage message = (await spool.Spool.FindAsync(MessageId.Parse(reply.Split(' ')[2]), Token))!;
        Assert.Equal(["welcome"], message.Facts.Tags);
        await using SpoolContent content = await spool.Spool.OpenContentAsync(message, Token);
        Assert.EndsWith("+0000\r\n" + Header + body, Encoding.ASCII.GetString((await content.ReadAllAsync(Token)).Span), StringComparison.Ordinal);
        Assert.Equal("550 5.7.1 No\r\n", await server.SendAsync("X-Tag: bad\r\n" + Header + body));
        Assert.StartsWith("250", await server.SendAsync(Header), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_goes_in_a_circle_is_refused()
    {
        using var spool = new TestSpool();
        await using SinkServer server = await new SinkServer(spool.Spool).ConnectAsync();

        Assert.StartsWith("250", await server.SendAsync(Received(50) + Header), StringComparison.Ordinal);
        Assert.StartsWith("554 5.4.6", await server.SendAsync(Received(51) + Header), StringComparison.Ordinal);

        static string Received(int count) => string.Concat(Enumerable.Repeat("Received: from a by b;\r\n\tTue, 3 Feb 2026 02:05:06 +0000\r\n", count));
    }

    [Fact]
    public async Task A_header_without_an_end_is_refused_when_it_is_too_long_and_a_header_alone_is_a_message()
    {
        using var spool = new TestSpool();
        await using SinkServer server = await new SinkServer(spool.Spool).ConnectAsync();

        Assert.StartsWith("552 5.3.4", await server.SendAsync(string.Concat(Enumerable.Repeat("X-A: b\r\n", 20_000))), StringComparison.Ordinal);
        Assert.StartsWith("250", await server.SendAsync("Subject: alone\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("250", await server.SendAsync("\r\nno header\r\n"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(spool.Folder, "bodies"), "*", SearchOption.AllDirectories));
    }

    private sealed class TagFilter : ISubmissionFilter
    {
        public SmtpReply Apply(SmtpSessionContext? session, MessageId id, ReadOnlySpan<byte> header, IBufferWriter<byte> rewritten, ref MessageFacts facts)
        {
            Assert.NotNull(session);
            if (!header.StartsWith("X-Tag: "u8))
            {
                return default;
            }

            int end = header.IndexOf("\r\n"u8);
            string tag = Encoding.ASCII.GetString(header[7..end]);
            facts = facts with { Tags = [tag] };
            rewritten.Write(header[(end + 2)..]);
            return tag == "bad" ? SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "No") : default;
        }
    }
}
