using System.Net;
using System.Text.Json;
using Microsoft.Playwright;
using Relay.Spool;

namespace Relay.Http.Tests;

/// <summary>What others wrote is shown as text, on every page; and the keyboard does all that the mouse does.</summary>
public sealed class PageSafetyTests
{
    private const string Hostile = "\"'><img src=x onerror=window.hacked=1><script>window.hacked=1</script>{{7*7}}";

    private static readonly string[] Read = ["read"];

    private static readonly string[] Paths = ["", "messages", "inbox", "send", "tags", "destinations", "suppressions", "webhooks", "keys"];

    [Theory]
    [InlineData("<div>", 100_000)]
    [InlineData("<div></x>", 2_000)]
    [InlineData("<div><object></div>", 2_000)]
    [InlineData("<b>", 4_000)]
    public async Task Mail_whose_HTML_is_nested_without_end_is_not_shown_and_ends_nothing(string part, int times)
    {
        await using RunningService service = await RunningService.StartAsync();
        await File.WriteAllTextAsync(
            Path.Combine(service.CapturePath, "20261124-deep.eml"),
            $"From: a@example.com\r\nSubject: Deep\r\nContent-Type: text/html\r\n\r\n{string.Concat(Enumerable.Repeat(part, times))}x\r\n",
            TestContext.Current.CancellationToken);
        using var browser = new HttpClient { BaseAddress = service.Url };
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", RunningService.Key)]);
        using HttpResponseMessage signIn = await browser.PostAsync(new Uri("/login", UriKind.Relative), form, TestContext.Current.CancellationToken);

        string html = await browser.GetStringAsync(new Uri("/inbox/20261124-deep/html", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Contains("nested too deeply", html, StringComparison.Ordinal);
        Assert.Contains("20261124-deep", await browser.GetStringAsync(new Uri("/inbox", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_mail_keys_and_remote_servers_say_is_text_on_every_page()
    {
        await using RunningService service = await RunningService.StartAsync((_, recipient) => recipient.ForwardPath.StartsWith("gone", StringComparison.Ordinal)
            ? new RecipientOutcome(recipient.Index, RecipientState.Bounced, new RecipientReply(550, "5.1.1", Hostile, "hop.example.net" + Hostile)) { BounceClass = BounceClass.Hard, Reason = Hostile }
            : RunningService.Delivered(null!, recipient));
        string id = await service.SubmitAsync(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["from"] = new Dictionary<string, string> { ["email"] = "shop@example.com", ["name"] = Hostile },
            ["to"] = "gone@example.net",
            ["subject"] = Hostile,
            ["text"] = Hostile,
            ["tags"] = (string[])[Hostile],
            ["metadata"] = new Dictionary<string, string> { ["field"] = Hostile },
            ["custom_id"] = Hostile,
        }));
        await service.UntilAsync(id, "bounced");
        await OkAsync("/v1/suppressions", new Dictionary<string, object> { ["address"] = "\"'><img src=x onerror=window.hacked=1>\"@example.net", ["detail"] = Hostile });
        await OkAsync("/v1/webhooks", new Dictionary<string, object> { ["url"] = "http://127.0.0.1:1/" + Hostile.Replace(" ", "%20", StringComparison.Ordinal) });
        await OkAsync("/v1/keys", new Dictionary<string, object> { ["name"] = Hostile[..60], ["scopes"] = Read });
        await OkAsync("/v1/queue/destinations/slow.example/suspend", new Dictionary<string, object> { ["reason"] = Hostile });
        await File.WriteAllTextAsync(
            Path.Combine(service.CapturePath, "20261124-captured.eml"),
            $"From: \"{Hostile.Replace("\"", string.Empty, StringComparison.Ordinal)}\" <a@example.com>\r\nSubject: {Hostile}\r\nX-Other: {Hostile}\r\n"
            + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + $"--b\r\nContent-Type: text/plain\r\n\r\n{Hostile}\r\n--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"<img src=x onerror=window.hacked=1>.html\"\r\n\r\n{Hostile}\r\n--b--\r\n",
            TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(service.CapturePath, "20261124-captured.json"),
            JsonSerializer.Serialize(new Dictionary<string, object> { ["receivedAt"] = DateTimeOffset.UtcNow, ["reversePath"] = Hostile, ["forwardPaths"] = (string[])[Hostile] }),
            TestContext.Current.CancellationToken);
        await service.FiguresAsync(string.Empty, body => body.GetProperty("total").GetProperty("bounced").GetInt64() == 1);

        await using Browser browser = await Browser.StartAsync(service.Url);
        await browser.SignInAsync();
        var shown = new List<string>();
        foreach (string path in (string[])[.. Paths, $"messages/{id}", "inbox/20261124-captured", $"messages?q={Uri.EscapeDataString(Hostile)}&tag={Uri.EscapeDataString(Hostile)}&state={Uri.EscapeDataString(Hostile)}"])
        {
            IResponse? response = await browser.Page.GotoAsync($"{service.Url}{path}");
            Assert.Equal(200, response!.Status);
            Assert.True(await browser.Page.EvaluateAsync<bool>("() => window.hacked === undefined"), path);
            Assert.Equal(0, await browser.Page.Locator("body script, img[src=x], [onerror]").CountAsync());
            if ((await browser.Page.Locator("body").InnerTextAsync()).Contains("onerror=window.hacked=1>", StringComparison.Ordinal))
            {
                shown.Add(path);
            }
        }

        // It was there to be seen, as it was written.
        foreach (string path in (string[])["messages", "tags", "destinations", "suppressions", "keys", "inbox", $"messages/{id}", "inbox/20261124-captured"])
        {
            Assert.Contains(path, shown);
        }

        browser.Check();

        async Task OkAsync(string path, Dictionary<string, object> body)
        {
            (HttpStatusCode status, JsonElement answer) = await service.PostAsync(path, JsonSerializer.Serialize(body));
            Assert.True((int)status < 300, $"{path}: {answer}");
        }
    }

    [Fact]
    public async Task Everything_is_reached_and_seen_by_the_keyboard_alone()
    {
        await using RunningHost host = RunningHost.Start();
        string id = (await host.PostAsync("/v1/messages", """{"from":"shop@example.com","to":"a@example.net","subject":"Hello","text":"x"}""", HttpStatusCode.Accepted)).GetProperty("id").GetString()!;
        await host.UntilAsync($"/v1/messages/{id}", m => m.GetProperty("state").GetString() == "delivered");
        await using Browser browser = await Browser.StartAsync(host.Url);
        IPage page = browser.Page;

        // The key's field has the focus from the beginning; Enter signs in.
        await page.GotoAsync($"{host.Url}login");
        await page.Keyboard.TypeAsync(RunningHost.Key);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(host.Url.ToString());

        // The first stop skips the head, is seen then, and leads to the content.
        await page.GotoAsync($"{host.Url}messages");
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator(".skip")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator(".skip")).ToBeInViewportAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("main")).ToBeFocusedAsync();

        foreach (string path in (string[])[.. Paths, $"messages/{id}"])
        {
            await page.GotoAsync($"{host.Url}{path}");
            int stops = await page.EvaluateAsync<int>(
                "() => [...document.querySelectorAll('a[href],button:not(:disabled),input:not([type=hidden]),select,textarea,summary')].filter(e => e.checkVisibility() && e.tabIndex >= 0).length");
            var seen = new HashSet<string>();
            for (int i = 0; i < stops; i++)
            {
                await page.Keyboard.PressAsync("Tab");
                string where = await page.EvaluateAsync<string>(
                    """
                    () => {
                        const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
                        const at = [...document.querySelectorAll('*')].indexOf(e);
                        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 && box.width > 0 && box.left >= 0 && box.top >= 0 ? `${at}` : `not seen: ${e.outerHTML.slice(0, 120)}`;
                    }
                    """);
                Assert.DoesNotContain("not seen", where, StringComparison.Ordinal);
                seen.Add(where);
            }

            Assert.Equal(stops, seen.Count);
        }

        // A search, and a message that is sent, by Enter.
        await page.GotoAsync($"{host.Url}messages");
        await page.FocusAsync("input[name=q]");
        await page.Keyboard.TypeAsync("Hello");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Tab");
        await page.FocusAsync("tbody a");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Hello");
        browser.Check();
    }
}
