using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Relay.Http.Tests;

/// <summary>10,000 messages with known outcomes through the whole host and real SMTP on both sides.</summary>
public sealed class TenThousandTests
{
    private const int Messages = 10_000;
    private const int Clients = 4;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Half of them come by SMTP with X-Tag, half by REST; in the middle, with mail under way, the host stops and starts. Of each ten, one is refused, one has a
    /// full mailbox, one is put off once, and all the others are taken.
    /// </summary>
    [Fact]
    public async Task Every_count_in_the_API_on_the_page_and_in_the_log_is_what_was_scripted_across_a_restart()
    {
        await using var hop = new ScriptedNextHop();
        await using RunningHost host = RunningHost.Start($"--Relay:NextHop=127.0.0.1:{hop.Port}", "--Relay:Retry:First=00:00:00.5", "--Relay:GraceTime=5m");
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => SubmitAsync(host, client)));
        await host.RestartAsync();
        foreach (int[] group in Enumerable.Range(Messages / 2, Messages / 2).Chunk(500))
        {
            string items = string.Join(',', group.Select(i => $$"""{"from":"shop@example.com","to":"u{{i}}@d{{i % 7}}.example","text":"x","tags":["all","t{{i % 4}}"]}"""));
            JsonElement batch = await host.PostAsync("/v1/messages/batch", $$"""{"messages":[{{items}}]}""", HttpStatusCode.OK);
            Assert.Equal(group.Length, batch.GetProperty("accepted").GetInt32());
        }

        JsonElement stats = await host.UntilAsync("/v1/stats?sender_domain=example.com", body => Count(body, "delivered") + Count(body, "bounced") == Messages);

        Check(stats.GetProperty("total"), Enumerable.Range(0, Messages));
        JsonElement[] tags = [.. (await host.GetAsync("/v1/stats?group_by=tag")).GetProperty("data").EnumerateArray()];
        Assert.Equal(["all", "t0", "t1", "t2", "t3"], tags.Select(tag => tag.GetProperty("name").GetString()));
        JsonElement[] domains = [.. (await host.GetAsync("/v1/stats?group_by=recipient_domain&sender_domain=example.com")).GetProperty("data").EnumerateArray()];
        for (int i = 0; i < 4; i++)
        {
            Check(tags[i + 1], Enumerable.Range(0, Messages).Where(number => number % 4 == i));
        }

        Assert.Equal(7, domains.Length);
        for (int i = 0; i < 7; i++)
        {
            Check(domains[i], Enumerable.Range(0, Messages).Where(number => number % 7 == i));
        }

        // All that was taken, and a notification to the sender of each that was not.
        await host.UntilAsync("/v1/stats", body => Count(body, "delivered") == Messages);
        Assert.Equal(Messages, hop.Taken);
        await CheckLogAsync(host);
        await CheckPageAsync(host);
    }

    private static long Count(JsonElement body, string name) => body.GetProperty("total").GetProperty(name).GetInt64();

    private static void Check(JsonElement figures, IEnumerable<int> numbers)
    {
        int[] all = [.. numbers];
        int refused = all.Count(ScriptedNextHop.IsRefused);
        int full = all.Count(ScriptedNextHop.IsFull);
        int putOff = all.Count(ScriptedNextHop.IsPutOff);
        Assert.Equal(
            (all.Length, all.Length - refused - full, refused + full, putOff, putOff, 0, 0, 0),
            (Figure("accepted"), Figure("delivered"), Figure("bounced"), Figure("deferred"), Figure("deferred_recipients"), Figure("expired"), Figure("suppressed"), Figure("canceled")));
        Assert.Equal(Figure("bounced"), Figure("bounced_hard") + Figure("bounced_soft"));

        long Figure(string name) => figures.GetProperty(name).GetInt64();
    }

    private static async Task CheckLogAsync(RunningHost host)
    {
        var counts = new Dictionary<string, int>();
        string cursor = "0";
        while (true)
        {
            JsonElement page = await host.GetAsync($"/v1/events?limit=100&cursor={cursor}");
            cursor = page.GetProperty("next_cursor").GetString()!;
            if (page.GetProperty("data").GetArrayLength() == 0)
            {
                break;
            }

            foreach (JsonElement happened in page.GetProperty("data").EnumerateArray())
            {
                string type = happened.GetProperty("type").GetString()!;

                // Each bounce also made a notification to the sender, which is a message of no tag.
                if (happened.GetProperty("tags").GetArrayLength() > 0)
                {
                    counts[type] = counts.GetValueOrDefault(type) + 1;
                }
            }
        }

        Assert.Equal((Messages, Messages * 8 / 10, Messages * 2 / 10, Messages / 10), (counts["accepted"], counts["delivered"], counts["bounced"], counts["deferred"]));
    }

    private static async Task CheckPageAsync(RunningHost host)
    {
        using var handler = new HttpClientHandler();
        using var browser = new HttpClient(handler) { BaseAddress = host.Url };
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", RunningHost.Key)]);
        using HttpResponseMessage signedIn = await browser.PostAsync(new Uri("/login", UriKind.Relative), form, Cancellation);
        Assert.Equal(HttpStatusCode.OK, signedIn.StatusCode);

        string page = await browser.GetStringAsync(new Uri("/tags?days=1", UriKind.Relative), Cancellation);
        Match row = Regex.Match(page, "messages\\?tag=all\".*?</tr>", RegexOptions.Singleline);
        string[] numbers = [.. Regex.Matches(row.Value, "class=\"number\">([0-9,]+)").Select(match => match.Groups[1].Value)];
        Assert.Equal(["10,000", "8,000", "1,000", "2,000"], numbers[..4]);
        using var overview = JsonDocument.Parse(await browser.GetStringAsync(new Uri("/data/overview?range=day", UriKind.Relative), Cancellation));
        JsonElement total = overview.RootElement.GetProperty("total");
        Assert.Equal((Messages * 12 / 10, Messages, Messages * 2 / 10), (total.GetProperty("accepted").GetInt64(), total.GetProperty("delivered").GetInt64(), total.GetProperty("bounced").GetInt64()));
        Assert.Equal(Messages * 12 / 10, overview.RootElement.GetProperty("accepted").EnumerateArray().Sum(step => step.GetInt64()));
    }

    private static async Task SubmitAsync(RunningHost host, int client)
    {
        byte[] expected = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(host.Servers.DevelopmentCertificate!.CertificatePath, Cancellation)).RawData;
        using var smtp = new SmtpClient
        {
            ServerCertificateValidationCallback = (_, certificate, _, _) => certificate is not null && expected.AsSpan().SequenceEqual(certificate.GetRawCertData()),
            CheckCertificateRevocation = false,
        };
        await smtp.ConnectAsync(host.Smtp.Address.ToString(), host.Smtp.Port, SecureSocketOptions.StartTls, Cancellation);
        await smtp.AuthenticateAsync("anything", RunningHost.Key, Cancellation);
        for (int i = client; i < Messages / 2; i += Clients)
        {
            using var message = new MimeMessage { Subject = "Hello", Body = new TextPart("plain") { Text = "x" } };
            message.From.Add(new MailboxAddress("Shop", "shop@example.com"));
            message.To.Add(new MailboxAddress(string.Empty, string.Create(CultureInfo.InvariantCulture, $"u{i}@d{i % 7}.example")));
            message.Headers.Add("X-Tag", string.Create(CultureInfo.InvariantCulture, $"all, t{i % 4}"));
            await smtp.SendAsync(message, Cancellation);
        }

        await smtp.DisconnectAsync(true, Cancellation);
    }
}
