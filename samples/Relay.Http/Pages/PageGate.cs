using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Relay.Http;

/// <summary>Lets requests through to pages of those who signed in, and forms only from this host's own pages.</summary>
internal sealed class PageGate(PageSessions sessions, KeyRates rates, Inbox inbox)
{
    private const string NoticeCookie = "relay_notice";

    /// <summary>Nothing but this host's own files: no script in a page's text ever runs.</summary>
    internal const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    // Known texts only: what a cookie says is never shown as it is.
    private static readonly string[] Notices =
    [
        "Done.", "Suppressed.", "Taken off the list.", "To be tried at once.", "Held.", "Released.", "Canceled.", "Nothing of it could be changed.", "Suspended.", "Resumed.",
        "The key was taken back.", "The webhook was removed.", "A test event is on its way.", "That is not an address.", "The message was taken.",
    ];

    /// <summary>Shows a page to those who signed in.</summary>
    internal Delegate Page(Func<HttpContext, PageContext, ApiKey, Task<IResult>> show, KeyScopes scope = KeyScopes.Read) => (Delegate)(async (HttpContext context) =>
    {
        if (sessions.Find(context) is not { } found || !found.Key.Has(scope))
        {
            return Results.Redirect("/login");
        }

        return await show(context, Context(context, found.Session, found.Key), found.Key).ConfigureAwait(false);
    });

    /// <summary>Carries out a form of a page.</summary>
    internal Delegate Form(Func<HttpContext, PageContext, ApiKey, IFormCollection, Task<IResult>> act, KeyScopes scope = KeyScopes.Manage) => (Delegate)(async (HttpContext context) =>
    {
        if (sessions.Find(context) is not { } found || !found.Key.Has(scope))
        {
            return Results.Redirect("/login");
        }

        if (rates.Take(found.Key) is { } after)
        {
            return Problem.TooManyRequests(after);
        }

        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        return PageSessions.IsFromPage(found.Session, form)
            ? await act(context, Context(context, found.Session, found.Key), found.Key, form).ConfigureAwait(false)
            : Results.StatusCode(StatusCodes.Status403Forbidden);
    });

    /// <summary>
    /// Whether a browser says that a page of another site sent a request (Fetch Metadata). For the sign-in, which has no token: nobody is signed in with another's key
    /// without knowing.
    /// </summary>
    internal static bool IsFromAnotherSite(HttpContext context) => context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site";

    /// <summary>Goes to a page, which then says what was done.</summary>
    internal static IResult Done(HttpContext context, string notice, string page)
    {
        context.Response.Cookies.Append(
            NoticeCookie,
            Array.IndexOf(Notices, notice).ToString(System.Globalization.CultureInfo.InvariantCulture),
            new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = TimeSpan.FromSeconds(30) });

        // 303: the browser asks with GET, and loading the page anew does not send the form again.
        return new SeeOther(page);
    }

    /// <summary>Renders a component.</summary>
    internal static IResult Render<T>(HttpContext context, params ReadOnlySpan<(string Name, object? Value)> parameters)
        where T : IComponent
    {
        context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        var values = new Dictionary<string, object?>();
        foreach ((string name, object? value) in parameters)
        {
            values[name] = value;
        }

        return new RazorComponentResult<T>(values) { PreventStreamingRendering = true };
    }

    private PageContext Context(HttpContext context, PageSession session, ApiKey key)
    {
        string? notice = null;
        if (context.Request.Cookies[NoticeCookie] is { } text)
        {
            context.Response.Cookies.Delete(NoticeCookie);
            notice = int.TryParse(text, out int index) && index >= 0 && index < Notices.Length ? Notices[index] : null;
        }

        return new PageContext(session, key, inbox.IsThere, notice);
    }

    private sealed class SeeOther(string page) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = page;
            return Task.CompletedTask;
        }
    }
}
