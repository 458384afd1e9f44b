using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Sees what happens in all sessions, for a log or an audit of the application's own. Secrets are taken out before: AUTH shows its mechanism only.
/// </summary>
/// <remarks>
/// Implement only what you need. Calls are synchronous, in the order of each session, and come from many sessions at once: do not block. Spans are valid during
/// the call. An exception is logged and changes nothing.
/// </remarks>
public interface ISmtpSessionEvents
{
    /// <summary>A client connected; behind a trusted proxy its address is known.</summary>
    void OnConnected(SmtpSessionContext session)
    {
    }

    /// <summary>A TLS handshake succeeded.</summary>
    void OnTlsEstablished(SmtpSessionContext session)
    {
    }

    /// <summary>A command line came, without its CRLF and before it is judged; empty where it is none that the engine knows.</summary>
    void OnCommand(SmtpSessionContext session, ReadOnlySpan<byte> line)
    {
    }

    /// <summary>A reply was written.</summary>
    /// <param name="session">The session.</param>
    /// <param name="verb">The command it answers; <see cref="SmtpVerb.Unknown"/> for the greeting and for what was no command.</param>
    /// <param name="code">Its code.</param>
    /// <param name="wire">Its text with CRLFs; empty where it is a challenge of AUTH's.</param>
    void OnReply(SmtpSessionContext session, SmtpVerb verb, int code, ReadOnlySpan<byte> wire)
    {
    }

    /// <summary>AUTH was decided.</summary>
    /// <param name="session">The session.</param>
    /// <param name="mechanism">The mechanism's name.</param>
    /// <param name="identity">Who the client is now; null if it was refused.</param>
    void OnAuthenticated(SmtpSessionContext session, string mechanism, string? identity)
    {
    }

    /// <summary>The connection ended.</summary>
    void OnClosed(SmtpSessionContext session, SmtpCloseReason reason)
    {
    }
}
