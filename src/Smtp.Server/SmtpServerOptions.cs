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

    /// <summary>The SASL mechanisms to offer if there is an authenticator. Default PLAIN and LOGIN.</summary>
    public IReadOnlyList<string> AuthenticationMechanisms { get; init; } = ["PLAIN", "LOGIN"];

    /// <summary>The certificates of listeners with TLS. Default none.</summary>
    public ITlsCertificateSource? Certificates { get; init; }

    /// <summary>
    /// The most that may be offered. What the sink does not support, or the state does not allow, is left out of EHLO. Default all that the engine has.
    /// </summary>
    public SmtpExtensions Extensions { get; init; } =
        ServerProfileOptions.DefaultExtensions | SmtpExtensions.SmtpUtf8 | SmtpExtensions.Chunking | SmtpExtensions.BinaryMime
        | SmtpExtensions.Dsn | SmtpExtensions.RequireTls;

    /// <summary>What to tolerate in MAIL and RCPT. Default nothing.</summary>
    public PathOptions Leniency { get; init; }

    /// <summary>What becomes of a message with a lone CR or LF. Default <see cref="BareLineEndingPolicy.Reject"/>.</summary>
    public BareLineEndingPolicy BareLineEndings { get; init; }

    /// <summary>The bounds of each session.</summary>
    public SmtpLimits Limits { get; init; } = new();

    /// <summary>How long clients are waited for.</summary>
    public SmtpTimeouts Timeouts { get; init; } = new();

    /// <summary>The most connections at once; one more is greeted with 421. Default 10000. At least 1.</summary>
    public int MaximumConnections
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaximumConnections), value, "MaximumConnections must be at least 1.");
    } = 10_000;

    /// <summary>Where the server logs. Default nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of timeouts and time stamps. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    private sealed class AcceptAllPolicy : IEnvelopePolicy
    {
        internal static readonly AcceptAllPolicy Instance = new();
    }
}
