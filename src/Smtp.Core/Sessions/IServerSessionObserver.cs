namespace Smtp.Core;

/// <summary>
/// Sees what a session reads and says, for traces and metrics. Secrets are taken out before: an AUTH command shows its mechanism only, and the
/// lines of its exchange not at all. Calls are synchronous and in order; spans are valid during the call.
/// </summary>
public interface IServerSessionObserver
{
    /// <summary>A command line came, without its CRLF and before it is judged; empty where it is none that the engine knows.</summary>
    void OnCommand(ServerSession session, ReadOnlySpan<byte> line);

    /// <summary>A reply was written, with its CRLFs.</summary>
    /// <param name="session">The session.</param>
    /// <param name="verb">The command it answers; <see cref="SmtpVerb.Unknown"/> for the greeting and for what was no command.</param>
    /// <param name="code">Its code.</param>
    /// <param name="wire">Its text; empty where it is a challenge of AUTH's.</param>
    void OnReply(ServerSession session, SmtpVerb verb, int code, ReadOnlySpan<byte> wire);
}
