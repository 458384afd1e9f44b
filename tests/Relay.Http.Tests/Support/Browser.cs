using Microsoft.Playwright;
using Smtp.Interop;

namespace Relay.Http.Tests;

/// <summary>Debian's Chromium, with nothing to do but the host's page. Remembers what a page asked for elsewhere, and what went wrong in it.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Arguments =
        ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    // In milliseconds. Playwright looks again and again; its own 5 s are not much where ten test processes share two cores.
    private const float Patience = 120_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly Uri _host;
    private readonly List<string> _elsewhere = [];
    private readonly List<string> _errors = [];

    private Browser(IPlaywright playwright, IBrowser browser, IPage page, Uri host)
    {
        _playwright = playwright;
        _browser = browser;
        _host = host;
        Page = page;
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(host.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                _elsewhere.Add(request.Url);
            }
        };
        page.PageError += (_, error) => _errors.Add(error);
    }

    internal IPage Page { get; }

    internal static async Task<Browser> StartAsync(Uri host, int width = 1280, int height = 800, ColorScheme colors = ColorScheme.Light)
    {
        string chromium = ExternalProgram.Demand("chromium", "chromium", Assert.Skip);
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = Arguments, Timeout = Patience });
        IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = colors, ViewportSize = new ViewportSize { Width = width, Height = height } });
        context.SetDefaultTimeout(Patience);
        Assertions.SetDefaultExpectTimeout(Patience);
        return new Browser(playwright, browser, await context.NewPageAsync(), host);
    }

    internal async Task SignInAsync()
    {
        await Page.GotoAsync($"{_host}login");
        await Page.FillAsync("#key", RunningHost.Key);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        // By looking, not by WaitForURLAsync, which waits for an event that may have come already, and does not come again.
        await Assertions.Expect(Page).ToHaveURLAsync(_host.ToString());
        await Page.WaitForFunctionAsync("() => document.readyState === 'complete'");
    }

    /// <summary>Nothing went wrong in a page, and nothing was asked of another host.</summary>
    internal void Check()
    {
        CheckRequests();
        Assert.Empty(_errors);
    }

    internal void CheckRequests() => Assert.Empty(_elsewhere);

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
