using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>What a <see cref="SmtpServer"/> is made from. Only a sink and a listener are needed; the rest has safe defaults.</summary>
public sealed class SmtpServerOptions
{
    /// <summary>The server's name in its greeting and EHLO reply: a domain or an address literal. Default "localhost".</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>Text behind "ESMTP" in the greeting. Default none.</summary>
    public string GreetingText { get; init; } = string.Empty;

    /// <summary>Where to listen; empty for a server that is only handed connections.</summary>
    public IReadOnlyList<SmtpListenerOptions> Listeners { get; init; } = [];

    /// <summary>Where messages go.</summary>
    public required IMessageSink MessageSink { get; init; }

    /// <summary>Who may send what to whom. Default: everybody everything, to the sink.</summary>
    public IEnvelopePolicy Policy { get; init; } = AcceptAllPolicy.Instance;

    /// <summary>Who checks passwords. Default none: AUTH is not offered.</summary>
    public ISmtpAuthenticator? Authenticator { get; init; }

    /// <summary>
    /// The SASL mechanisms to offer if there is an authenticator, the preferred one first: PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-256-PLUS, OAUTHBEARER,
    /// XOAUTH2, EXTERNAL. Default null: PLAIN and LOGIN, and the SCRAM forms in front of them if the authenticator is an <see cref="IScramSecretStore"/>.
    /// </summary>
    public IReadOnlyList<string>? AuthenticationMechanisms { get; init; }

    /// <summary>The certificates of listeners with TLS. Default none.</summary>
    public ITlsCertificateSource? Certificates { get; init; }

    /// <summary>
    /// The most that may be offered. What the sink does not support, or the state does not allow, is left out of EHLO. Default all that the engine has.
    /// </summary>
    public SmtpExtensions Extensions { get; init; } =
        ServerProfileOptions.DefaultExtensions | SmtpExtensions.SmtpUtf8 | SmtpExtensions.Chunking | SmtpExtensions.BinaryMime
        | SmtpExtensions.Dsn | SmtpExtensions.RequireTls | SmtpExtensions.Limits;

    /// <summary>What to tolerate in MAIL and RCPT. Default nothing.</summary>
    public PathOptions Leniency { get; init; }

    /// <summary>What becomes of a message that came by DATA with a lone CR or LF (BDAT's octets are opaque). Default <see cref="BareLineEndingPolicy.Reject"/>.</summary>
    public BareLineEndingPolicy BareLineEndings { get; init; }

    /// <summary>What becomes of a message with a NUL that came by DATA. Default <see cref="ContentPolicy.Reject"/>.</summary>
    public ContentPolicy NulOctets { get; init; } = ContentPolicy.Reject;

    /// <summary>What becomes of a message with lines over 1000 octets that came by DATA. Default <see cref="ContentPolicy.Accept"/>.</summary>
    public ContentPolicy LongLines { get; init; }

    /// <summary>The bounds of each session.</summary>
    public SmtpLimits Limits { get; init; } = new();

    /// <summary>How many AUTH exchanges may fail over all sessions.</summary>
    public SmtpAuthenticationLimits AuthenticationLimits { get; init; } = new();

    /// <summary>How long clients are waited for.</summary>
    public SmtpServerTimeouts Timeouts { get; init; } = new();

    /// <summary>The most connections at once; one more is greeted with 421. Default 10000. At least 1.</summary>
    public int MaximumConnections
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaximumConnections), value, "MaximumConnections must be at least 1.");
    } = 10_000;

    /// <summary>
    /// The most connections at once from one address, an IPv6 /64 being one; one more is greeted with 421. Default 100. At least 1. Behind a trusted
    /// proxy the client's address counts; Unix sockets and pipes do not.
    /// </summary>
    public int MaximumConnectionsPerAddress
    {
        get;
        init => field = value > 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaximumConnectionsPerAddress), value, "MaximumConnectionsPerAddress must be at least 1.");
    } = 100;

    /// <summary>
    /// How many refusals, as <see cref="SmtpLimits.MaximumErrors"/> counts them, a client may earn without getting a message through before the next ones are
    /// answered later by <see cref="SmtpServerTimeouts.ErrorDelay"/>. Default 10, Postfix's smtpd_soft_error_limit; 0 or more. Behind
    /// <see cref="SmtpLimits.MaximumErrors"/> the connection ends.
    /// </summary>
    public int ErrorsBeforeDelay
    {
        get;
        init => field = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(ErrorsBeforeDelay), value, "ErrorsBeforeDelay must be 0 or more.");
    } = 10;

    /// <summary>
    /// The most connections at once whose replies are held back by <see cref="SmtpServerTimeouts.AuthenticationFailureDelay"/> or
    /// <see cref="SmtpServerTimeouts.ErrorDelay"/>; one more is told 421 behind its refusal and closed. Default 1000. At least 1.
    /// </summary>
    public int MaximumDelayedConnections
    {
        get;
        init => field = value > 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaximumDelayedConnections), value, "MaximumDelayedConnections must be at least 1.");
    } = 1000;

    /// <summary>Who watches the sessions. Default nobody.</summary>
    public ISmtpSessionEvents? SessionEvents { get; init; }

    /// <summary>Where the server logs. Default nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of timeouts and time stamps. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Whether the application has a policy of its own.</summary>
    internal bool HasPolicy => Policy != AcceptAllPolicy.Instance;

    /// <summary>The mechanisms that are offered.</summary>
    internal IReadOnlyList<string> OfferedMechanisms =>
        Authenticator is null ? []
        : AuthenticationMechanisms
            ?? (Authenticator is IScramSecretStore ? ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"] : ["PLAIN", "LOGIN"]);

    private sealed class AcceptAllPolicy : IEnvelopePolicy
    {
        internal static readonly AcceptAllPolicy Instance = new();
    }
}
