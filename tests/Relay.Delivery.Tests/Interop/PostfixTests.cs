using System.Text;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

/// <summary>To a real mail exchanger, found by a real name server: Postfix by nsd.</summary>
public sealed class PostfixTests
{
    private const string Content = "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nFrom: ann@example.org\r\nSubject: x\r\n\r\n.dot\r\n..two\r\nGr\u00fc\u00dfe\r\n";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Mail_finds_its_exchanger_goes_under_TLS_and_arrives_as_it_was(bool requireTls)
    {
        await using PostfixInstance postfix = await PostfixInstance.StartAsync(Assert.Skip);
        await using NameServer names = await NameServer.StartAsync(
            new Dictionary<string, string?> { ["example.test"] = "@ MX 20 mx\n@ MX 10 dead\nmx A 127.0.0.1\ndead A 127.0.0.99" }, Assert.Skip);
        await using var bench = new Bench(s => s with
        {
            Dns = new DnsSettings { Servers = [names.EndPoint] },
            Port = postfix.Port,
            CaPath = requireTls ? postfix.CertificatePath : null,
            Shaping = s.Shaping with { RequireTls = requireTls },
        });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync(
            [NewRecipient.Of("known@example.test"), NewRecipient.Of("nobody@example.test"), NewRecipient.Of("someone@nosuch.example.test")],
            f => f with { ReversePath = string.Empty, Body = Smtp.Core.BodyType.EightBitMime },
            Content);
        IReadOnlyList<StoredRecipient> recipients = await bench.UntilDoneAsync(id);
        Assert.Equal([RecipientState.Delivered, RecipientState.Bounced, RecipientState.Bounced], recipients.Select(r => r.State));
        Assert.StartsWith("mx.example.test[127.0.0.1]", recipients[0].LastReply.Host, StringComparison.Ordinal);
        Assert.Equal((550, "5.1.1"), (recipients[1].LastReply.Code, recipients[1].LastReply.Enhanced));
        Assert.Equal((0, "5.1.2"), (recipients[2].LastReply.Code, recipients[2].LastReply.Enhanced));
        Assert.NotNull(await bench.Spool.Suppressions.FindAsync("nobody@example.test", Bench.Cancellation));

        string stored = Encoding.UTF8.GetString(Assert.Single(await postfix.ReadMailboxAsync("known", 1, Bench.Cancellation)));
        Assert.EndsWith(Content.Replace("\r\n", "\n", StringComparison.Ordinal), stored, StringComparison.Ordinal);
        Assert.Contains(" with ESMTPS ", stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_TLS_is_demanded_a_certificate_that_nobody_vouches_for_is_not_enough()
    {
        await using PostfixInstance postfix = await PostfixInstance.StartAsync(Assert.Skip);
        await using var bench = new Bench(s => s with
        {
            NextHop = Bench.To(postfix.Port),
            Shaping = s.Shaping with { RequireTls = true },
            Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) },
        });
        bench.Service.Start();
        MessageId id = await bench.EnqueueAsync("known@example.test");
        StoredRecipient recipient = Assert.Single(await bench.UntilAsync(id, r => r.State == RecipientState.Queued && r.IsDeferred));
        Assert.Contains("TLS", recipient.LastReply.Text, StringComparison.Ordinal);
    }
}
