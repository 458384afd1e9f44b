using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

public sealed class MtaStsTests
{
    private const string Enforced = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmx: *.mail.example.test\r\nmax_age: 86400\r\n";

    private static readonly Dictionary<string, string?> Zone = new()
    {
        ["example.test"] = "@ MX 10 mx\nmx A 127.0.0.1\n_mta-sts TXT \"v=STSv1; id=1;\"\nnone MX 10 mx\ntwo MX 10 mx\n_mta-sts.two TXT \"v=STSv1; id=1;\"\n_mta-sts.two TXT \"v=STSv1; id=2;\"",
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("mx.example.test", true)]
    [InlineData("a.mail.example.test", true)]
    [InlineData("a.b.mail.example.test", false)]
    [InlineData("mail.example.test", false)]
    [InlineData(".mail.example.test", false)]
    [InlineData("mx.example.test.evil.test", false)]
    public void A_star_stands_for_exactly_one_label(string host, bool named)
    {
        Assert.True(MtaStsPolicy.TryParse(Enforced, out MtaStsPolicy policy));
        Assert.Equal(named, policy.Names(host));
        Assert.Equal(TimeSpan.FromDays(1), policy.MaximumAge);
    }

    [Theory]
    [InlineData("")]
    [InlineData("version: STSv2\nmode: enforce\nmx: a\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: perhaps\nmx: a\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a\nmax_age: -1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a")]
    [InlineData("<html>")]
    public void What_is_no_policy_is_none(string text) => Assert.False(MtaStsPolicy.TryParse(text, out _));

    [Fact]
    public async Task A_policy_holds_for_its_time_whatever_its_host_says_meanwhile()
    {
        await using NameServer names = await NameServer.StartAsync(Zone, Assert.Skip);
        var dns = new DnsLookup(new DnsSettings { Servers = [names.EndPoint] });
        var time = new FakeTimeProvider();
        int fetched = 0;
        string? text = Enforced;
        var cache = new MtaStsCache((_, _) => Task.FromResult(Interlocked.Increment(ref fetched) > 0 ? text : null), time);
        Assert.Null(await cache.FindAsync("none.example.test", dns, Cancellation));
        Assert.Null(await cache.FindAsync("two.example.test", dns, Cancellation));
        Assert.Equal(0, fetched);

        Assert.Equal(MtaStsMode.Enforce, (await cache.FindAsync("example.test", dns, Cancellation))?.Mode);
        text = null;
        time.Advance(TimeSpan.FromHours(23));
        Assert.NotNull(await cache.FindAsync("example.test", dns, Cancellation));
        Assert.Equal(1, fetched);

        // No record to be had: the policy that is held still holds.
        Assert.NotNull(await cache.FindAsync("example.test", new DnsLookup(new DnsSettings { Servers = [new IPEndPoint(IPAddress.Loopback, 9)], Timeout = TimeSpan.FromMilliseconds(100), Retries = 0 }), Cancellation));

        // Over, and its host is dead: asked once in five minutes, not once a message.
        time.Advance(TimeSpan.FromHours(2));
        Assert.Null(await cache.FindAsync("example.test", dns, Cancellation));
        Assert.Null(await cache.FindAsync("example.test", dns, Cancellation));
        Assert.Equal(2, fetched);
        time.Advance(TimeSpan.FromMinutes(6));
        text = Enforced;
        Assert.NotNull(await cache.FindAsync("example.test", dns, Cancellation));
    }

    [Fact]
    public async Task A_policy_survives_a_restart_for_what_is_left_of_its_time()
    {
        await using NameServer names = await NameServer.StartAsync(Zone, Assert.Skip);
        using var folder = new TemporaryFolder();
        var dns = new DnsLookup(new DnsSettings { Servers = [names.EndPoint] });
        var noDns = new DnsLookup(new DnsSettings { Servers = [new IPEndPoint(IPAddress.Loopback, 9)], Timeout = TimeSpan.FromMilliseconds(100), Retries = 0 });
        var time = new FakeTimeProvider();
        using (var store = new DeliveryStore(folder["delivery.db"]))
        {
            Assert.NotNull(await new MtaStsCache((_, _) => Task.FromResult<string?>(Enforced), time, store).FindAsync("example.test", dns, Cancellation));
        }

        // Nobody answers any more: neither the policy host nor the name server.
        time.Advance(TimeSpan.FromHours(20));
        using var again = new DeliveryStore(folder["delivery.db"]);
        var cache = new MtaStsCache((_, _) => Task.FromResult<string?>(null), time, again);
        Assert.Equal(MtaStsMode.Enforce, (await cache.FindAsync("example.test", dns, Cancellation))?.Mode);
        Assert.NotNull(await cache.FindAsync("example.test", noDns, Cancellation));
        time.Advance(TimeSpan.FromHours(5));
        Assert.Null(await cache.FindAsync("example.test", dns, Cancellation));
        Assert.Null(await new MtaStsCache((_, _) => Task.FromResult<string?>(null), time, again).FindAsync("example.test", dns, Cancellation));
    }

    [Fact]
    public async Task An_enforced_policy_is_fetched_by_HTTPS_and_keeps_mail_from_a_host_without_TLS()
    {
        await using NameServer names = await NameServer.StartAsync(Zone, Assert.Skip);
        using var folder = new TemporaryFolder();
        using X509Certificate2 certificate = TestCertificate.Create("mta-sts.example.test");
        TestCertificate.WritePem(certificate, folder["cert.pem"], folder["key.pem"]);
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        Task<string> serving = ServeAsync(web, certificate, Enforced);
        var fetcher = new MtaStsFetcher((IPEndPoint)web.LocalEndpoint, folder["cert.pem"]);
        await using var hop = new Hop();
        await using var bench = new Bench(s => s with
        {
            Dns = new DnsSettings { Servers = [names.EndPoint] },
            Port = hop.Port,
            FetchPolicy = fetcher.FetchAsync,
            Retry = s.Retry with { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) },
        });
        bench.Service.Start();
        MessageId kept = await bench.EnqueueAsync("bob@example.test");
        StoredRecipient recipient = Assert.Single(await bench.UntilAsync(kept, r => r.State == RecipientState.Queued && r.IsDeferred));
        Assert.Contains("STARTTLS", recipient.LastReply.Text, StringComparison.Ordinal);
        Assert.StartsWith("GET /.well-known/mta-sts.txt HTTP/1.1", await serving, StringComparison.Ordinal);
        MessageId sent = await bench.EnqueueAsync("bob@none.example.test");
        Assert.Equal(RecipientState.Delivered, Assert.Single(await bench.UntilDoneAsync(sent)).State);
        Assert.Equal(["bob@none.example.test"], Assert.Single(hop.Taken).Recipients);
    }

    private static async Task<string> ServeAsync(TcpListener web, X509Certificate2 certificate, string text)
    {
        using Socket socket = await web.AcceptSocketAsync(Cancellation);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsServerAsync(certificate);
        byte[] request = new byte[4096];
        int length = await tls.ReadAsync(request, Cancellation);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}"), Cancellation);
        return Encoding.ASCII.GetString(request, 0, length);
    }
}
