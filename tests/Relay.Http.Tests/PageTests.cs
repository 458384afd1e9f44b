using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Relay.Http.Tests;

/// <summary>The page, used in a real browser as a person does.</summary>
public sealed class PageTests
{
    private const string Hostile = """
        <html><head><base href="http://tracker.example/"><link rel="stylesheet" href="http://tracker.example/e.css"><style>@import url(http://tracker.example/a.css); @font-face{font-family:f;src:url(http://tracker.example/f)} body{background:url(http://tracker.example/b.png)} #x{position:fixed;inset:0}</style>
        <script>window.top.hacked = 1; fetch('/v1/keys')</script><meta http-equiv="refresh" content="0;url=http://tracker.example/"></head>
        <body onload="parent.hacked=1"><p id="shown">Legitimate text</p><img src="http://tracker.example/c.png" onerror="parent.hacked=1"><iframe src="http://tracker.example/d"></iframe>
        <form action="/logout" method="post"><button>Click</button></form><a href="javascript:parent.hacked=1">link</a><svg onload="parent.hacked=1"><script>parent.hacked=1</script></svg>
        <div id="x" style="position:fixed;top:0;background:url('http://tracker.example/g.png')">over all</div><img srcset="http://tracker.example/h.png 2x"><video poster="http://tracker.example/i.png"></video>
        <object data="http://tracker.example/j"></object><math><mtext><style><img src=x onerror=parent.hacked=1></style></mtext></math></body></html>
        """;

    [Fact]
    public async Task A_message_is_sent_seen_filtered_suppressed_and_retried()
    {
        await using RunningHost host = RunningHost.Start();
        await using Browser browser = await Browser.StartAsync(host.Url);
        IPage page = browser.Page;

        // Without a session every page leads to the sign-in; a wrong key does not help.
        await page.GotoAsync($"{host.Url}messages");
        Assert.EndsWith("/login", page.Url, StringComparison.Ordinal);
        await page.FillAsync("#key", "not a key at all");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not a key");
        await browser.SignInAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Send", Exact = true }).ClickAsync();
        await page.GetByLabel("From").FillAsync("Shop <shop@example.com>");
        await page.GetByLabel("To", new() { Exact = true }).FillAsync("friend@example.net");
        await page.GetByLabel("Subject").FillAsync("Hello <b>you</b>");
        await page.GetByLabel("Tags").FillAsync("welcome");
        await page.GetByLabel("Text", new() { Exact = true }).FillAsync("Hi");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("The message was taken.");
        await host.UntilAsync("/v1/messages", m => m.GetProperty("data")[0].GetProperty("state").GetString() == "delivered");

        await page.GetByRole(AriaRole.Link, new() { Name = "Messages", Exact = true }).ClickAsync();
        await page.GetByLabel("Tag", new() { Exact = true }).FillAsync("nothing-has-this");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Assertions.Expect(page.GetByText("No message fits.")).ToBeVisibleAsync();
        await page.GetByLabel("Tag", new() { Exact = true }).FillAsync("welcome");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Link, new() { Name = "Hello <b>you</b>" }).ClickAsync();
        await Assertions.Expect(page.Locator(".timeline")).ToContainTextAsync("delivered");
        await Assertions.Expect(page.Locator(".timeline")).ToContainTextAsync("Captured as");

        await page.GetByRole(AriaRole.Button, new() { Name = "Suppress friend@example.net" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("Suppressed.");
        JsonElement suppressed = await host.GetAsync("/v1/suppressions/friend@example.net");
        Assert.Equal("manual", suppressed.GetProperty("reason").GetString());
        await page.GetByRole(AriaRole.Link, new() { Name = "Suppressions" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove friend@example.net" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The list is empty.")).ToBeVisibleAsync();

        // A message that waits for a suspended destination is retried when the destination is resumed.
        await page.GetByRole(AriaRole.Link, new() { Name = "Destinations" }).ClickAsync();
        await page.GetByLabel("Domain").FillAsync("slow.example");
        await page.GetByRole(AriaRole.Button, new() { Name = "Suspend" }).ClickAsync();
        JsonElement waiting = await host.PostAsync("/v1/messages", """{"from":"shop@example.com","to":"a@slow.example","subject":"Waits","text":"x"}""", HttpStatusCode.Accepted);
        string id = waiting.GetProperty("id").GetString()!;
        await page.GotoAsync($"{host.Url}messages/{id}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Retry now" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("To be tried at once.");
        await page.GetByRole(AriaRole.Link, new() { Name = "Destinations" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await host.UntilAsync($"/v1/messages/{id}", m => m.GetProperty("state").GetString() == "delivered");

        // The overview counts both, live.
        await host.UntilAsync("/v1/stats", s => s.GetProperty("total").GetProperty("delivered").GetInt64() == 2);
        await page.GetByRole(AriaRole.Link, new() { Name = "Overview" }).ClickAsync();
        await Assertions.Expect(page.Locator("[data-figure=delivered]")).ToHaveTextAsync("2");
        await Assertions.Expect(page.Locator(".u-wrap")).ToBeVisibleAsync();
        browser.Check();
    }

    [Fact]
    public async Task A_hostile_mail_does_nothing_in_the_inbox()
    {
        await using RunningHost host = RunningHost.Start();
        await using Browser browser = await Browser.StartAsync(host.Url);
        string json = JsonSerializer.Serialize(Hostile);
        await host.PostAsync(
            "/v1/messages",
            $$"""{"from":"shop@example.com","to":"a@example.net","subject":"<script>hacked=1</script>","html":{{json}},"attachments":[{"filename":"evil.html","content_type":"text/html","content":"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}]}""",
            HttpStatusCode.Accepted);
        await host.UntilAsync("/v1/messages", m => m.GetProperty("data")[0].GetProperty("state").GetString() == "delivered");
        await browser.SignInAsync();
        IPage page = browser.Page;

        await page.GetByRole(AriaRole.Link, new() { Name = "Inbox" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "<script>hacked=1</script>" }).ClickAsync();
        IFrameLocator mail = page.FrameLocator("iframe.mail");
        await Assertions.Expect(mail.GetByText("Legitimate text")).ToBeVisibleAsync();

        Assert.False(await page.EvaluateAsync<bool>("() => 'hacked' in window"));
        string shown = await page.Frames[^1].ContentAsync();
        Assert.DoesNotMatch(new Regex("<script|<iframe|<form|<base|<link|<object|<video|onload|onerror|javascript:|http-equiv|@import|@font-face|position: *fixed|tracker\\.example", RegexOptions.IgnoreCase), shown);

        // Opened by itself it is sandboxed as well, and an attachment is a download.
        IResponse? alone = await page.GotoAsync(await page.Locator("iframe.mail").EvaluateAsync<string>("f => f.src"));
        Assert.StartsWith("sandbox;", alone!.Headers["content-security-policy"], StringComparison.Ordinal);
        await page.GoBackAsync();
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "evil.html" }).ClickAsync());
        Assert.Equal("evil.html", download.SuggestedFilename);
        browser.Check();
    }

    [Fact]
    public async Task A_mail_without_a_body_and_one_too_long_to_show_say_so()
    {
        await using RunningHost host = RunningHost.Start();
        await using Browser browser = await Browser.StartAsync(host.Url);
        string html = string.Concat(Enumerable.Repeat("""<p>x</p>\n""", 300_000));
        await host.PostAsync("/v1/messages", $$"""{"from":"shop@example.com","to":"a@example.net","subject":"Long","html":"{{html}}"}""", HttpStatusCode.Accepted);
        await host.PostAsync("/v1/messages/raw", """{"content":"From: a@example.com\r\nTo: b@example.net\r\nSubject: Nothing\r\n\r\n"}""", HttpStatusCode.Accepted);
        await host.UntilAsync("/v1/messages?state=delivered", m => m.GetProperty("data").GetArrayLength() == 2);
        await browser.SignInAsync();

        foreach ((string subject, string said) in ((string, string)[])[("Long", "too long to be shown"), ("Nothing", "neither text nor HTML")])
        {
            await browser.Page.GotoAsync($"{host.Url}inbox");
            await browser.Page.GetByRole(AriaRole.Link, new() { Name = subject, Exact = true }).ClickAsync();
            await Assertions.Expect(browser.Page.GetByText(said)).ToBeVisibleAsync();
            Assert.Equal(0, await browser.Page.Locator("iframe").CountAsync());
        }

        browser.Check();
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused()
    {
        await using RunningHost host = RunningHost.Start();
        await using Browser browser = await Browser.StartAsync(host.Url);
        await browser.SignInAsync();

        IFormData form = browser.Page.APIRequest.CreateFormData();
        form.Set("address", "a@example.net");
        IAPIResponse forged = await browser.Page.APIRequest.PostAsync($"{host.Url}suppressions", new() { Form = form });

        Assert.Equal(403, forged.Status);
        Assert.Equal(0, (await host.GetAsync("/v1/suppressions")).GetProperty("data").GetArrayLength());
        BrowserContextCookiesResult cookie = Assert.Single(await browser.Page.Context.CookiesAsync(), c => c.Name == "relay_session");
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Strict, cookie.SameSite);
    }

    // The contrast of WCAG 2.2 for text, 4.5, of each element that has text of its own, against what lies behind it.
    private const string Pale = """
        () => {
          const rgb = text => (text.match(/[\d.]+/g) ?? []).map(Number);
          const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
          const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3) return c; } return [255, 255, 255]; };
          const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
          return [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && !e.matches(":disabled")).flatMap(e => [
            ...[...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) ? [[e, getComputedStyle(e).color]] : [],
            ...e.placeholder ? [[e, getComputedStyle(e, "::placeholder").color]] : [],
          ]).filter(([e, color]) => contrast(rgb(color), behind(e)) < 4.5).map(([e, color]) => `${e.outerHTML.slice(0, 120)} ${color} on ${behind(e)}`);
        }
        """;

    [Theory]
    [InlineData(1280, 800, ColorScheme.Light)]
    [InlineData(390, 844, ColorScheme.Light)]
    [InlineData(390, 844, ColorScheme.Dark)]
    public async Task Every_page_fits_its_width_can_be_read_and_needs_nothing_from_outside(int width, int height, ColorScheme colors)
    {
        await using RunningHost host = RunningHost.Start("--Relay:Http:WebhooksToPrivateAddresses=true");
        await using Browser browser = await Browser.StartAsync(host.Url, width, height, colors);
        await host.PostAsync("/v1/suppressions", """{"address":"a.local.part.that.is.as.long.as.some.are@a-domain-that-is-long-as-well.example.net"}""", HttpStatusCode.Created);
        await host.PostAsync("/v1/keys", """{"name":"A name of a key that is longer than most names of keys","scopes":["send","read"],"sender_domains":["example.com","a-long-domain.example.net"]}""", HttpStatusCode.Created);
        await host.PostAsync("/v1/webhooks", """{"url":"http://127.0.0.1:9/hook-with-a-long-path/that/goes/on/and/on","types":["delivered","bounced"]}""", HttpStatusCode.Created);
        await host.PostAsync("/v1/queue/destinations/waits.example/suspend", """{"reason":"A reason with some words"}""", HttpStatusCode.NoContent);
        JsonElement waiting = await host.PostAsync("/v1/messages", """{"from":"shop@example.com","to":["a.rather.long.local.part@waits.example","bounced@simulator.test"],"text":"x"}""", HttpStatusCode.Accepted);
        await host.PostAsync(
            "/v1/messages", """{"from":"shop@example.com","to":"a@example.net","subject":"A long subject that has to wrap somewhere on a phone, as subjects do","html":"<p>x</p>","tags":["a-rather-long-tag-name"]}""", HttpStatusCode.Accepted);
        await host.UntilAsync("/v1/messages", m => m.GetProperty("data")[0].GetProperty("state").GetString() == "delivered");
        await host.UntilAsync("/v1/queue/destinations", d => d.GetProperty("data").GetArrayLength() > 0);
        await browser.SignInAsync();
        foreach (string path in (string[])["", "messages", $"messages/{waiting.GetProperty("id").GetString()}", "inbox", "send", "tags", "destinations", "suppressions", "webhooks", "keys"])
        {
            IResponse? response = await browser.Page.GotoAsync($"{host.Url}{path}");
            Assert.Equal(200, response!.Status);
            Assert.Contains("script-src 'self'", response.Headers["content-security-policy"], StringComparison.Ordinal);
            Assert.Equal(0, await browser.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"));
            Assert.Empty(await browser.Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('nav a, main button')].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML)"));
            Assert.Empty(await browser.Page.EvaluateAsync<string[]>(Pale));

            // Only the tags, which are there to be compared, scroll sideways on a phone, in their own box.
            Assert.Equal(width == 390 && path == "tags" ? 1 : 0, await browser.Page.EvaluateAsync<int>("() => [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"));
            Assert.Equal(0, await browser.Page.EvaluateAsync<int>("() => [...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.labels?.length).length"));
        }

        await browser.Page.GotoAsync($"{host.Url}reference/");
        await Assertions.Expect(browser.Page.Locator("body")).ToContainTextAsync("Send a message");
        browser.CheckRequests();
    }
}
