using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>Sessions of the page: kept in memory, so that a restart or a key that is taken back ends them.</summary>
internal sealed class PageSessions(KeyStore keys, HttpSettings settings, TimeProvider time)
{
    internal const string Cookie = "relay_session";
    internal const string FormField = "form_token";

    private const int Maximum = 10_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly ConcurrentDictionary<string, PageSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>Begins a session and sets its cookie.</summary>
    internal void SignIn(HttpContext context, ApiKey key)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (PageSession old in _sessions.Values.Where(session => session.ExpiresAt < now || _sessions.Count >= Maximum))
        {
            _sessions.TryRemove(old.Id, out _);
        }

        var session = new PageSession(Token(), key.Id, Token(), now + Lifetime);
        _sessions[session.Id] = session;
        context.Response.Cookies.Append(Cookie, session.Id, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,

            // Behind a TLS proxy the request itself is plain.
            Secure = context.Request.IsHttps || settings.PublicUrl?.Scheme == Uri.UriSchemeHttps,
            Path = "/",
            MaxAge = Lifetime,
        });
    }

    /// <summary>Ends a session.</summary>
    internal void SignOut(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is { } id)
        {
            _sessions.TryRemove(id, out _);
        }

        context.Response.Cookies.Delete(Cookie);
    }

    /// <summary>Who asks; null if nobody signed in.</summary>
    internal (PageSession Session, ApiKey Key)? Find(HttpContext context) =>
        context.Request.Cookies[Cookie] is { } id
        && _sessions.TryGetValue(id, out PageSession? session)
        && session.ExpiresAt > time.GetUtcNow()
        && keys.Find(session.KeyId) is { } key
            ? (session, key)
            : null;

    /// <summary>Whether a form comes from a page of its own session.</summary>
    internal static bool IsFromPage(PageSession session, IFormCollection form) => CryptographicOperations.FixedTimeEquals(
        Encoding.ASCII.GetBytes(session.FormToken), Encoding.UTF8.GetBytes(form[FormField].ToString()));

    private static string Token() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
