using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Relay.Spool;

namespace Relay.Http.Tests;

public sealed partial class TrackingTests
{
    [Fact]
    public async Task HTML_that_would_take_minutes_to_rewrite_is_refused_and_goes_untracked()
    {
        await using RunningService service = await RunningService.StartAsync();
        string html = string.Concat(Enumerable.Repeat("<div>", 100_000));

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync(
            "/v1/messages", $$"""{"from":"shop@example.com","to":"a@example.net","html":"{{html}}","track":{"clicks":true} }""");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("html", problem.GetProperty("errors")[0].GetProperty("field").GetString());
        await service.SubmitAsync($$"""{"from":"shop@example.com","to":"a@example.net","html":"{{html}}"}""");
    }

    [Fact]
    public async Task Opens_and_clicks_are_told_where_they_are_switched_on_and_links_lead_where_they_did()
    {
        string html = string.Empty;
        RunningService? service = null;
        service = await RunningService.StartAsync((lease, recipient) =>
        {
            using SpoolContent opened = service!.Spool.OpenContentAsync(lease.Message).AsTask().GetAwaiter().GetResult();
            using var message = MimeKit.MimeMessage.Load(opened.OpenStream());
            html = message.HtmlBody!;
            return RunningService.Delivered(lease, recipient);
        });
        await using (service)
        {
            string id = await service.SubmitAsync("""{"from":"shop@example.com","to":"a@example.net","html":"<body><a href=\"https://example.com/?a=1&amp;b=2\">x</a><a href=\"mailto:a@example.com\">m</a></body>","track":{"opens":true,"clicks":true} }""");
            await service.UntilAsync(id, "delivered");
            Assert.Contains("mailto:a@example.com", html, StringComparison.Ordinal);
            Assert.DoesNotContain("https://example.com", html, StringComparison.Ordinal);
            using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

            using HttpResponseMessage image = await browser.GetAsync(new Uri(ImageLink().Match(html).Groups[1].Value), TestContext.Current.CancellationToken);
            string link = WebUtility.HtmlDecode(ClickLink().Match(html).Groups[1].Value);
            using HttpResponseMessage click = await browser.GetAsync(new Uri(link), TestContext.Current.CancellationToken);
            using HttpResponseMessage again = await browser.GetAsync(new Uri(link), TestContext.Current.CancellationToken);

            Assert.Equal("image/gif", image.Content.Headers.ContentType?.MediaType);
            Assert.Equal(new Uri("https://example.com/?a=1&b=2"), click.Headers.Location);
            (_, JsonElement message) = await service.GetAsync($"/v1/messages/{id}");
            Assert.Equal(["accepted", "delivered", "opened", "clicked", "clicked"], message.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString()));
            JsonElement stats = await service.FiguresAsync(string.Empty, s => s.GetProperty("total").GetProperty("clicked").GetInt64() == 2);
            Assert.Equal(1, stats.GetProperty("total").GetProperty("clicked_recipients").GetInt64());

            // Another target under the same signature is no link of this host's.
            int token = link.LastIndexOf('/') + 1;
            string forged = link[..token] + Forge(link[token..], "https://evil.example/");
            using HttpResponseMessage refused = await browser.GetAsync(new Uri(forged), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Nothing_is_tracked_by_default_and_not_for_several_recipients()
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync(
            "/v1/messages", """{"from":"shop@example.com","to":["a@example.net","b@example.net"],"html":"<p>x</p>","track":{"opens":true} }""");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("track", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    private static string Forge(string token, string target)
    {
        byte[] octets = System.Buffers.Text.Base64Url.DecodeFromChars(token);
        return System.Buffers.Text.Base64Url.EncodeToString([.. octets.AsSpan(0, 32), .. Encoding.UTF8.GetBytes(target)]);
    }

    [GeneratedRegex("<img src=\"([^\"]+)\"")]
    private static partial Regex ImageLink();

    [GeneratedRegex("href=\"([^\"]*/t/c/[^\"]+)\"")]
    private static partial Regex ClickLink();
}
