using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Relay.Host.Tests;

public sealed class NextHopTests
{
    private static readonly byte[] Content = "Subject: x\r\n\r\nHello\r\n.dot\r\n"u8.ToArray();

    [Theory]
    [InlineData("greeting=554 No service here", "451 4.3.5 ")]
    [InlineData("greeting=421 4.3.2 Busy", "451 4.3.5 ")]
    [InlineData("LO relay=550 5.7.1 Go away", "451 4.3.5 ")]
    [InlineData("MAIL=450 4.7.1 Later", "450 4.7.1 ")]
    [InlineData("MAIL=550 5.7.1 Not you", "550 5.7.1 ")]
    [InlineData("MAIL=530 5.7.0 Authentication required", "451 4.3.5 ")]
    [InlineData("MAIL=421 4.3.2 Closing", "451 4.3.2 ")]
    [InlineData("RCPT=450 4.2.1 Mailbox busy", "450 4.2.1 ")]
    [InlineData("RCPT=550 5.1.1 No such user", "550 5.1.1 ")]
    [InlineData("RCPT=553 5.1.3 Bad address", "554 5.1.3 ")]
    [InlineData("RCPT=421 4.3.2 Closing", "451 4.3.2 ")]
    [InlineData("DATA=451 4.3.0 Later", "451 4.3.0 ")]
    [InlineData("DATA=554 5.7.1 No", "554 5.7.1 ")]
    public async Task A_refusal_before_the_body_is_the_reply_to_DATA(string refusal, string expected)
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except(refusal));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        string reply = await submitter.OfferAsync("b@example.net");

        Assert.StartsWith(expected, reply, StringComparison.Ordinal);
        Assert.Equal(0, hop.BodyOctets);
        await submitter.DemandAsync("NOOP", 250);
    }

    [Theory]
    [InlineData("end=452 4.3.1 Disk full", "452 4.3.1 ")]
    [InlineData("end=451 4.7.1 Greylisted", "451 4.7.1 ")]
    [InlineData("end=554 5.6.0 Spam", "554 5.6.0 ")]
    [InlineData("end=552 5.3.4 Too big", "552 5.3.4 ")]
    [InlineData("end=421 4.3.2 Closing", "451 4.3.2 ")]
    [InlineData("end=", "451 4.4.2 ")]
    public async Task What_comes_in_place_of_the_last_250_is_the_last_reply(string refusal, string expected)
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except(refusal));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        string reply = await submitter.SendAsync(Content, "b@example.net");

        Assert.StartsWith(expected, reply, StringComparison.Ordinal);
        Assert.Empty(hop.Taken);
        await submitter.DemandAsync("NOOP", 250);
    }

    [Theory]
    [InlineData("greeting=")]
    [InlineData("EHLO=")]
    [InlineData("MAIL=")]
    [InlineData("RCPT=")]
    [InlineData("DATA=")]
    public async Task A_connection_that_drops_before_the_body_is_a_4yz_to_DATA(string drop)
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except(drop));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Assert.StartsWith("451 4.4.2 ", await submitter.OfferAsync("b@example.net"), StringComparison.Ordinal);
        await submitter.DemandAsync("NOOP", 250);
    }

    [Fact]
    public async Task Nobody_listening_is_a_4yz_to_DATA()
    {
        int port;
        await using (var gone = new ScriptedHop(ScriptedHop.Except()))
        {
            port = gone.Port;
        }

        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Assert.StartsWith("451 4.4.1 ", await submitter.OfferAsync("b@example.net"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_next_hop_is_given_up_before_the_submitter_gives_up()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        using var never = new ManualResetEventSlim();
        await using var hop = new ScriptedHop(line =>
        {
            if (line == "greeting")
            {
                asked.TrySetResult();
                never.Wait(TestContext.Current.CancellationToken);
                return null;
            }

            return "250 OK";
        });
        await using var relay = RunningRelay.Start(time, $"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Task<string> reply = submitter.OfferAsync("b@example.net");
        await asked.Task;
        time.Advance(RelayTransfer.OpeningPatience);

        Assert.StartsWith("451 4.4.1 ", await reply, StringComparison.Ordinal);
        never.Set();
    }

    [Theory]
    [InlineData("bad@=550 5.1.1 No such user", "550 5.1.1 ")]
    [InlineData("bad@=450 4.2.1 Mailbox busy", "450 4.2.1 ")]
    public async Task One_refused_recipient_of_three_refuses_the_message_for_all_by_name(string refusal, string expected)
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except(refusal));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        string reply = await submitter.OfferAsync("good@example.net", "bad@example.net", "fine@example.net");

        Assert.StartsWith(expected, reply, StringComparison.Ordinal);
        Assert.Contains("<bad@example.net>", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("good@example.net", reply, StringComparison.Ordinal);
        Assert.Equal(0, hop.BodyOctets);
        Assert.Empty(hop.Taken);

        // The session goes on, and the message goes to whom it can.
        await submitter.DemandAsync("RSET", 250);
        Assert.StartsWith("250", await submitter.SendAsync(Content, "good@example.net", "fine@example.net"), StringComparison.Ordinal);
        Assert.Single(hop.Taken);
    }

    [Fact]
    public async Task A_permanent_refusal_counts_for_more_than_a_transient_one()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except("late@=450 4.2.1 Later", "bad@=550 5.1.1 No"));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Assert.StartsWith("550 5.1.1 ", await submitter.OfferAsync("late@example.net", "bad@example.net"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_next_hop_lacks_is_refused_and_not_changed()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except("EHLO=250 hop.example.net"));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        await submitter.DemandAsync("MAIL FROM:<a@example.com> BODY=8BITMIME", 250);
        await submitter.DemandAsync("RCPT TO:<b@example.net>", 250);
        Assert.StartsWith("554 5.6.3 ", await submitter.SayAsync("DATA"), StringComparison.Ordinal);

        await submitter.DemandAsync("RSET", 250);
        await submitter.DemandAsync("MAIL FROM:<a@example.com> SMTPUTF8", 250);
        await submitter.DemandAsync("RCPT TO:<jürgen@example.net>", 250);
        Assert.StartsWith("554 5.6.7 ", await submitter.SayAsync("DATA"), StringComparison.Ordinal);

        // Not said beforehand, and found on the way.
        await submitter.DemandAsync("RSET", 250);
        Assert.StartsWith("554 5.6.3 ", await submitter.SendAsync([.. Content, 0xE4, .. "\r\n"u8], "b@example.net"), StringComparison.Ordinal);
        Assert.Empty(hop.Taken);
    }

    [Fact]
    public async Task The_next_hop_gets_the_envelope_and_its_words_are_passed_on()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except("end=250 2.0.0 queued as 4711"));
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        string reply = await submitter.SendAsync(Content, "b@example.net", "c@example.org");

        Assert.EndsWith("queued as 4711", reply, StringComparison.Ordinal);
        Assert.Equal(
            ["EHLO relay.example.com", "MAIL FROM:<a@example.com> BODY=8BITMIME", "RCPT TO:<b@example.net>", "RCPT TO:<c@example.org>", "DATA"], hop.Lines.Take(5));
        Assert.EndsWith("Subject: x\r\n\r\nHello\r\n..dot\r\n", Encoding.ASCII.GetString(Assert.Single(hop.Taken)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_next_hop_that_does_not_read_stops_the_submitter()
    {
        const int Length = 48 * 1024 * 1024;

        // Socket buffers of two connections, and the relay's own; without back-pressure all of the message would fit in.
        const int MostAhead = 40 * 1024 * 1024;
        var read = new TaskCompletionSource();
        await using var hop = new ScriptedHop(ScriptedHop.Except(), read);
        await using var relay = RunningRelay.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}");
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
        Assert.StartsWith("354", await submitter.OfferAsync("b@example.net"), StringComparison.Ordinal);

        byte[] piece = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 1022) + "\r\n", 64)));
        int written = 0;
        try
        {
            while (written < Length)
            {
                Task write = submitter.Stream.WriteAsync(piece, TestContext.Current.CancellationToken).AsTask();

                // Looks stalled: whether it is or not, from here on the next hop may read.
                if (!read.Task.IsCompleted && await Task.WhenAny(write, Task.Delay(1000, TestContext.Current.CancellationToken)) != write)
                {
                    read.SetResult();
                }

                await write;
                written += piece.Length;
                Assert.True(read.Task.IsCompleted || written < MostAhead, "The relay reads ahead of a next hop that does not.");
            }
        }
        finally
        {
            read.TrySetResult();
        }

        await submitter.DemandAsync(".", 250);
        Assert.True(Assert.Single(hop.Taken).Length > Length);
    }
}
