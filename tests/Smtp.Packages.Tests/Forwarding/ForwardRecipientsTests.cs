using Smtp.Client;
using Smtp.Core;
using Smtp.Hosting;
using Smtp.Testing;

namespace Smtp.Packages.Tests.Forwarding;

/// <summary>Messages with more recipients than the next server takes at a time.</summary>
public sealed class ForwardRecipientsTests
{
    private const string Taken = "250 2.0.0 Message accepted";

    private static readonly string Large = Gateway.Text + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 4000));

    private static string[] Recipients(int count) => [.. Enumerable.Range(0, count).Select(i => $"{i}@example.net")];

    private static ForwardMessageSink Sink(SmtpClient client, int most) => new(client) { Permits = (_, _) => true, MaximumRecipients = most };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_than_every_server_must_take_go_in_several_transactions(bool saysLimit)
    {
        await using SmtpTestServer next = StartNext(saysLimit);
        await using Gateway gateway = Gateway.Start(next.Port);
        string[] to = Recipients(250);
        Assert.All(await gateway.SendAsync(Large, to), reply => Assert.Equal(Taken, reply));
        AssertMessages(next, [.. to.Chunk(100)]);
    }

    [Fact]
    public async Task What_the_next_server_says_by_LIMITS_counts_where_it_is_less()
    {
        await using SmtpTestServer next = StartNext(saysLimit: true);
        await using Gateway gateway = Gateway.Start(next.Port, client => Sink(client, 1000));
        string[] to = Recipients(150);
        Assert.All(await gateway.SendAsync(Large, to), reply => Assert.Equal(Taken, reply));
        Assert.All(await gateway.SendAsync(Gateway.Text, to), reply => Assert.Equal(Taken, reply));
        Assert.Equal([100, 50, 100, 50], next.Messages.Select(message => message.To.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_copy_is_the_message_in_memory_and_in_a_file(bool isLarge)
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port, client => Sink(client, 2));
        string[] to = Recipients(5);
        Assert.All(await gateway.SendAsync(isLarge ? Large : Gateway.Text, to), reply => Assert.Equal(Taken, reply));
        AssertMessages(next, [.. to.Chunk(2)], isLarge ? Large : Gateway.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_lacks_the_message_is_told(bool isLmtp)
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port, client => Sink(client, 1), isLmtp);
        next.On(SmtpTestStep.Commit).When(c => c.To[0] == "1@example.net").Refuse(452, "4.3.1 Disk full");
        string[] replies = await gateway.SendAsync(Gateway.Text, Recipients(3));
        Assert.Equal(["0@example.net", "2@example.net"], next.Messages.Select(message => message.To[0]));
        if (isLmtp)
        {
            Assert.Equal([Taken, "452 4.3.1 Disk full", Taken], replies);
        }
        else
        {
            Assert.All(replies, reply => Assert.Equal("554 5.0.0 2 of 3 recipients have the message, not: / 5.0.0 <1@example.net>: 452 4.3.1 Disk full", reply));
        }
    }

    [Fact]
    public async Task Behind_a_connection_that_broke_there_is_no_other_try()
    {
        await using SmtpTestServer next = SmtpTestServer.Start();
        await using Gateway gateway = Gateway.Start(next.Port, client => Sink(client, 1), isLmtp: true);
        next.On(SmtpTestStep.Commit).When(c => c.To[0] == "1@example.net").Drop();
        const string Broken = "451 4.4.2 The next server broke off; send the message again";
        Assert.Equal([Taken, Broken, Broken], await gateway.SendAsync(Gateway.Text, Recipients(3)));
        Assert.Equal(["0@example.net"], Assert.Single(next.Messages).To);

        // In the first transaction already: nobody has it, and this server says so in its own words.
        next.On(SmtpTestStep.Commit).Drop();
        Assert.All(await gateway.SendAsync(Large, Recipients(3)), reply => Assert.StartsWith("451 ", reply, StringComparison.Ordinal));
        Assert.Single(next.Messages);
    }

    [Fact]
    public void No_recipient_at_all_is_no_limit() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Sink(new SmtpClient(new SmtpClientOptions { Host = "localhost" }), 0));

    private static SmtpTestServer StartNext(bool saysLimit) => SmtpTestServer.Start(o =>
    {
        o.Limits = new SmtpLimits { MaximumRecipients = 100 };
        o.Extensions = saysLimit ? o.Extensions : o.Extensions & ~SmtpExtensions.Limits;
    });

    private static void AssertMessages(SmtpTestServer next, string[][] to, string? text = null)
    {
        Assert.Equal(to, next.Messages.Select(message => message.To.ToArray()));
        string first = next.Messages[0].Text;
        Assert.EndsWith(text ?? Large, first, StringComparison.Ordinal);
        Assert.StartsWith("Received: ", first, StringComparison.Ordinal);
        Assert.All(next.Messages, message => Assert.Equal(first, message.Text));
    }
}
