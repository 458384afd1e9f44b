using System.Text;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Host.Tests;

/// <summary>What comes back to return paths that the relay made, by SMTP.</summary>
public sealed class ReturnPathTests
{
    private const string Report = """
        From: MAILER-DAEMON@mx.example.net
        To: {0}
        Subject: Undelivered Mail Returned to Sender
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b"

        --b

        Sorry.
        --b
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.net

        Final-Recipient: rfc822; bob@example.net
        Action: {1}
        Status: {2}
        Remote-MTA: dns; inner.example.net
        Diagnostic-Code: smtp; {3}

        --b--
        """;

    private const string Complaint = """
        From: abuse@provider.example
        To: {0}
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="b"

        --b

        A reader complained.
        --b
        Content-Type: message/feedback-report

        Feedback-Type: abuse
        User-Agent: Feedback/1.0
        Version: 1

        --b
        Content-Type: message/rfc822

        Subject: x

        Hello
        --b--
        """;

    private static readonly string[] Verp =
        ["--Relay:Delivery:Verp:Domain=bounces.example.com", "--Relay:Delivery:Verp:Secret=0123456789abcdef", "--Relay:Users:u=secret", "--Relay:Http:Listen=off"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bounce_that_Postfix_makes_later_is_booked_suppresses_and_is_told_to_the_sender()
    {
        await using var inner = new ScriptedHop(ScriptedHop.Except("RCPT TO:<later@=550 5.1.1 No such user here"));
        await using var relay = RunningRelay.Start([.. Verp, "--Relay:NextHop=127.0.0.1:9"]);
        await using PostfixInstance postfix = await PostfixInstance.StartAsync(
            Assert.Skip, $"smtp:[127.0.0.1]:{inner.Port}", $"transport_maps = inline:{{ bounces.example.com=smtp:[127.0.0.1]:{relay.EndPoint.Port} }}");
        relay.Servers.Configure(Settings.Read([.. Verp, $"--Relay:NextHop=127.0.0.1:{postfix.Port}", "--Relay:HostName=relay.example.com"]));
        MessageId id = await EnqueueAsync(relay, "later@example.org");
        await relay.UntilAsync(id, r => r.State == RecipientState.Delivered);
        SpoolEvent bounce = await EventAsync(relay, id, SpoolEventType.Bounced);
        Assert.Equal((BounceClass.Hard, "recipient", 550, "5.1.1"), (bounce.BounceClass, bounce.Reason, bounce.Reply.Code, bounce.Reply.Enhanced));
        Assert.Contains("No such user here", bounce.Reply.Text, StringComparison.Ordinal);
        Assert.Equal("bounce", (await relay.Servers.Spool.Suppressions.FindAsync("later@example.org", Cancellation))?.Reason);

        // The sender, who would have got it without the return path, hears of it.
        await relay.DrainAsync();
        while (!inner.Lines.ToArray().Any(l => l.StartsWith("RCPT TO:<ann@example.org>", StringComparison.Ordinal)))
        {
            await Task.Delay(20, Cancellation);
        }
    }

    [Theory]
    [InlineData("failed", "5.1.1", "550 5.1.1 User unknown", SpoolEventType.Bounced, BounceClass.Hard, "recipient", true)]
    [InlineData("failed", "5.7.1", "550 5.7.1 Blocked using zen.spamhaus.org", SpoolEventType.Bounced, BounceClass.Hard, "block-list", false)]
    [InlineData("failed", "4.4.7", "451 4.4.1 No route", SpoolEventType.Bounced, BounceClass.Soft, "expired", false)]
    [InlineData("delayed", "4.2.2", "452 4.2.2 Mailbox full", SpoolEventType.Deferred, BounceClass.Soft, "mailbox-full", false)]
    [InlineData("delivered", "2.1.5", "250 2.1.5 OK", SpoolEventType.Delivered, BounceClass.None, "", false)]
    public async Task A_report_is_booked_by_what_it_says(
        string action, string status, string diagnostic, SpoolEventType type, BounceClass bounceClass, string reason, bool suppresses)
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except());
        await using var relay = RunningRelay.Start([.. Verp, $"--Relay:NextHop=127.0.0.1:{hop.Port}"]);
        (MessageId id, string path) = await SentAsync(relay, hop);
        int before = (await relay.Servers.Spool.EventsAsync(id, Cancellation)).Count;
        await ReturnAsync(relay, "", path, Fill(Report, path, action, status, diagnostic));
        SpoolEvent booked = (await relay.Servers.Spool.EventsAsync(id, Cancellation))[before];
        Assert.Equal((type, bounceClass, reason, "inner.example.net"), (booked.Type, booked.BounceClass, booked.Reason, booked.Reply.Host));
        Assert.Equal(suppresses, await relay.Servers.Spool.Suppressions.FindAsync("bob@example.net", Cancellation) is not null);

        // The same once more is nothing new.
        await ReturnAsync(relay, "", path, Fill(Report, path, action, status, diagnostic));
        Assert.Equal(before + 1, (await relay.Servers.Spool.EventsAsync(id, Cancellation)).Count);
    }

    [Fact]
    public async Task A_complaint_is_booked_and_suppresses()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except());
        await using var relay = RunningRelay.Start([.. Verp, $"--Relay:NextHop=127.0.0.1:{hop.Port}"]);
        (MessageId id, string path) = await SentAsync(relay, hop);
        await ReturnAsync(relay, "abuse@provider.example", path, Fill(Complaint, path));
        await EventAsync(relay, id, SpoolEventType.Complained);
        Assert.Equal("complaint", (await relay.Servers.Spool.Suppressions.FindAsync("bob@example.net", Cancellation))?.Reason);
    }

    [Fact]
    public async Task A_bounce_without_a_report_is_booked_and_an_answer_from_a_holiday_is_not()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except());
        await using var relay = RunningRelay.Start([.. Verp, $"--Relay:NextHop=127.0.0.1:{hop.Port}"]);
        (MessageId id, string path) = await SentAsync(relay, hop);
        await ReturnAsync(relay, "", path, "Subject: Away\nAuto-Submitted: auto-replied\n\nI am on holiday until the 5th.");
        await ReturnAsync(relay, "carol@example.net", path, "Subject: Re: your mail\n\nThank you!");
        Assert.DoesNotContain(await relay.Servers.Spool.EventsAsync(id, Cancellation), e => e.Type == SpoolEventType.Bounced);
        await ReturnAsync(relay, "", path, "Subject: failure notice\n\nI could not deliver it.\n<bob@example.net>:\n550 5.1.1 sorry, no mailbox here by that name\n");
        SpoolEvent bounce = await EventAsync(relay, id, SpoolEventType.Bounced);
        Assert.Equal(("recipient", 550), (bounce.Reason, bounce.Reply.Code));
    }

    [Fact]
    public async Task Forged_return_paths_are_refused_and_nobody_relays_beside_them()
    {
        await using var hop = new ScriptedHop(ScriptedHop.Except());
        await using var relay = RunningRelay.Start([.. Verp, $"--Relay:NextHop=127.0.0.1:{hop.Port}"]);
        (MessageId id, string path) = await SentAsync(relay, hop);
        char last = path[path.IndexOf('@', StringComparison.Ordinal) - 1];
        string forged = path.Replace($"{last}@", (last == 'a' ? 'b' : 'a') + "@", StringComparison.Ordinal);
        await using Submitter client = await Submitter.GreetAsync(relay.EndPoint);
        await client.DemandAsync("MAIL FROM:<>", 250);
        Assert.StartsWith("550 5.1.1", await client.SayAsync($"RCPT TO:<{forged}>"), StringComparison.Ordinal);
        Assert.StartsWith("550 5.1.1", await client.SayAsync("RCPT TO:<postmaster@bounces.example.com>"), StringComparison.Ordinal);
        Assert.StartsWith("530", await client.SayAsync("RCPT TO:<victim@example.net>"), StringComparison.Ordinal);
        await client.DemandAsync($"RCPT TO:<{path.ToUpperInvariant()}>", 250);
        Assert.StartsWith("452 4.5.3", await client.SayAsync("RCPT TO:<victim@example.net>"), StringComparison.Ordinal);
        Assert.Equal(2, (await relay.Servers.Spool.EventsAsync(id, Cancellation)).Count);
    }

    private static string Fill(string text, params string[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            text = text.Replace($"{{{i}}}", values[i], StringComparison.Ordinal);
        }

        return text;
    }

    private static async Task<(MessageId Id, string Path)> SentAsync(RunningRelay relay, ScriptedHop hop)
    {
        MessageId id = await EnqueueAsync(relay, "bob@example.net");
        await relay.UntilAsync(id, r => r.State == RecipientState.Delivered);
        string mail = hop.Lines.ToArray().First(l => l.StartsWith("MAIL FROM:<b-", StringComparison.Ordinal));
        return (id, mail[11..mail.IndexOf('>', StringComparison.Ordinal)]);
    }

    private static async Task<MessageId> EnqueueAsync(RunningRelay relay, string recipient)
    {
        MessageId id = relay.Servers.Spool.NewId();
        await relay.Servers.Spool.EnqueueAsync(
            new NewMessage
            {
                Id = id,
                Facts = new MessageFacts { ReversePath = "ann@example.org", SenderDomain = "example.org" },
                Recipients = [NewRecipient.Of(recipient)],
                Content = NewContent.FromMemory(Encoding.ASCII.GetBytes("From: ann@example.org\r\nSubject: the order\r\n\r\nHello\r\n")),
            },
            Cancellation);
        return id;
    }

    private static async Task ReturnAsync(RunningRelay relay, string from, string to, string content)
    {
        await using Submitter client = await Submitter.GreetAsync(relay.EndPoint);
        await client.DemandAsync($"MAIL FROM:<{from}>", 250);
        await client.DemandAsync($"RCPT TO:<{to}>", 250);
        await client.DemandAsync("DATA", 354);
        await client.DemandAsync(content.ReplaceLineEndings("\r\n") + "\r\n.", 250);
    }

    private static async Task<SpoolEvent> EventAsync(RunningRelay relay, MessageId id, SpoolEventType type)
    {
        long seen = 0;
        while (true)
        {
            IReadOnlyList<SpoolEvent> events = await relay.Servers.Spool.EventsAsync(id, Cancellation);
            if (events.FirstOrDefault(e => e.Type == type) is { } found)
            {
                return found;
            }

            seen = (await relay.Servers.Spool.EventsAfterAsync(seen, 10_000, Cancellation)) is [.., var last] ? last.Id : seen;
            await relay.Servers.Spool.WaitForEventsAsync(seen, Cancellation);
        }
    }
}
