using System.Text;
using Relay.Spool;

namespace Relay.Host.Tests;

public sealed class NextHopTests
{
    private static readonly byte[] Content = "Subject: x\r\n\r\nHello\r\n.dot\r\n"u8.ToArray();

    [Theory]
    [InlineData("RCPT TO:<b@=550 5.1.1 No such user", RecipientState.Bounced)]
    [InlineData("RCPT TO:<b@=450 4.2.1 Mailbox busy", RecipientState.Queued)]
    [InlineData("end=554 5.6.0 Spam", RecipientState.Bounced)]
    [InlineData("end=452 4.3.1 Disk full", RecipientState.Queued)]
    [InlineData("greeting=421 4.3.2 Busy", RecipientState.Queued)]
    [InlineData("end=", RecipientState.Queued)]
    public async Task The_submitter_gets_250_whatever_the_next_hop_will_say_and_the_queue_knows(string refusal, RecipientState expected)
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except(refusal));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));

        StoredRecipient recipient = Assert.Single(await relay.UntilAsync(id, r => r.State == expected && r.Attempts == 1));
        if (refusal.Split('=')[1] is { Length: > 0 } words)
        {
            Assert.Contains(words[10..], recipient.LastReply.Text, StringComparison.Ordinal);
            Assert.Equal(words[..3], $"{recipient.LastReply.Code}");
        }
    }

    [Fact]
    public async Task Nobody_listening_keeps_the_message_until_somebody_does()
    {
        int port;
        await using (var gone = new ScriptedHop(ScriptedHop.Except()))
        {
            port = gone.Port;
        }

        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));

        await relay.UntilAsync(id, r => r.IsDeferred && r.State == RecipientState.Queued);
    }

    [Fact]
    public async Task Recipients_of_one_message_have_fates_of_their_own_and_the_sender_is_told_of_the_bad_one()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except("bad@=550 5.1.1 No such user"));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "good@example.net", "bad@example.net", "fine@example.net"));

        IReadOnlyList<StoredRecipient> recipients = await relay.UntilAsync(id, r => r.IsFinal);
        Assert.Equal([RecipientState.Delivered, RecipientState.Bounced, RecipientState.Delivered], recipients.Select(r => r.State));
        await relay.DrainAsync();
        Assert.Contains("MAIL FROM:<>", string.Join('\n', hop.Lines), StringComparison.Ordinal);
        Assert.Contains("RCPT TO:<a@example.com>", string.Join('\n', hop.Lines), StringComparison.Ordinal);
        Assert.Contains("multipart/report", Encoding.ASCII.GetString(hop.Taken[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_hop_gets_the_envelope_and_its_words_are_kept()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except("end=250 2.0.0 queued as 4711"));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        MessageId id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net", "c@example.net"));

        IReadOnlyList<StoredRecipient> recipients = await relay.UntilAsync(id, r => r.IsFinal);
        Assert.All(recipients, r => Assert.EndsWith("queued as 4711", r.LastReply.Text, StringComparison.Ordinal));
        Assert.Equal("EHLO relay.example.com", hop.Lines[0]);
        Assert.StartsWith("MAIL FROM:<a@example.com>", hop.Lines[1], StringComparison.Ordinal);
        Assert.Equal(["RCPT TO:<b@example.net>", "RCPT TO:<c@example.net>", "DATA"], hop.Lines.Skip(2).Take(3));
        Assert.EndsWith("Subject: x\r\n\r\nHello\r\n..dot\r\n", Encoding.ASCII.GetString(Assert.Single(hop.Taken)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_keeps_what_is_not_delivered_and_the_next_start_delivers_it()
    {
        using var folder = new Smtp.Interop.TemporaryFolder();
        int port;
        await using (var gone = new ScriptedHop(ScriptedHop.Except()))
        {
            port = gone.Port;
        }

        MessageId id;
        await using (var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{port}", $"--Relay:Spool:Path={folder["spool"]}"))
        {
            await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
            id = RunningRelay.IdOf(await submitter.SendAsync(Content, "b@example.net"));
            await relay.UntilAsync(id, r => r.Attempts == 1);
            await relay.Servers.StopAsync(TestContext.Current.CancellationToken);
        }

        await using var hop = new ScriptedHop(ScriptedHop.Except());
        await using var again = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}", $"--Relay:Spool:Path={folder["spool"]}");
        await again.Servers.Spool.ChangeAsync(new QueueFilter(), new QueueChange.Retry(), TestContext.Current.CancellationToken);
        Assert.Equal(RecipientState.Delivered, Assert.Single(await again.UntilAsync(id, r => r.IsFinal)).State);
        Assert.Single(hop.Taken);
    }
}
