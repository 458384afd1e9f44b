namespace Smtp.Core;

/// <summary>What a <see cref="ServerProfile"/> is made from. The defaults are safe: no AUTH mechanism, nothing lenient.</summary>
public sealed class ServerProfileOptions
{
    /// <summary>The extensions offered by default: those that every sink can honour and that need nothing configured.</summary>
    public const SmtpExtensions DefaultExtensions =
        SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.EightBitMime | SmtpExtensions.EnhancedStatusCodes | SmtpExtensions.Auth;

    /// <summary>The server's own name in the greeting and in EHLO replies: a domain or an address literal. Default "localhost".</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>Text behind "ESMTP" in the greeting. Default none: a product's version helps nobody but an attacker.</summary>
    public string GreetingText { get; init; } = string.Empty;

    /// <summary>
    /// The extensions to offer. Default <see cref="DefaultExtensions"/>; AUTH shows only with a mechanism, STARTTLS is for drivers that can
    /// shake hands.
    /// </summary>
    public SmtpExtensions Extensions { get; init; } = DefaultExtensions;

    /// <summary>The SASL mechanisms to offer, by their registered names, in this order. Default none.</summary>
    public IReadOnlyList<string> AuthenticationMechanisms { get; init; } = [];

    /// <summary>Whether mechanisms that send a password as it is (PLAIN, LOGIN) are offered without TLS. Default false.</summary>
    public bool AllowPlaintextAuthentication { get; init; }

    /// <summary>Whether mail needs AUTH first: the submission role (RFC 6409 §4.3). Default false.</summary>
    public bool RequireAuthentication { get; init; }

    /// <summary>
    /// Whether the domains of MAIL and RCPT must be fully qualified: of two labels at least, or an address literal (RFC 6409 §4.2). Default false: it is
    /// for the submission role.
    /// </summary>
    public bool RequireQualifiedDomains { get; init; }

    /// <summary>Whether everything but EHLO, STARTTLS, NOOP and QUIT needs TLS first (RFC 3207 §4). Default false.</summary>
    public bool RequireTls { get; init; }

    /// <summary>
    /// What to tolerate in MAIL and RCPT: <see cref="PathOptions.AllowLeadingSpace"/> and <see cref="PathOptions.AllowMissingBrackets"/>
    /// are looked at. Default <see cref="PathOptions.None"/>.
    /// </summary>
    public PathOptions Leniency { get; init; }

    /// <summary>What becomes of a message that came by DATA with a lone CR or LF (BDAT's octets are opaque). Default <see cref="BareLineEndingPolicy.Reject"/>.</summary>
    public BareLineEndingPolicy BareLineEndings { get; init; }

    /// <summary>What becomes of a message with a NUL that came by DATA (BDAT's octets are opaque). Default <see cref="ContentPolicy.Reject"/>.</summary>
    public ContentPolicy NulOctets { get; init; } = ContentPolicy.Reject;

    /// <summary>
    /// What becomes of a message with lines over 1000 octets that came by DATA (RFC 5321 §4.5.3.1.6). Default <see cref="ContentPolicy.Accept"/>, as much software
    /// writes such lines.
    /// </summary>
    public ContentPolicy LongLines { get; init; }

    /// <summary>
    /// Whether a client that sends more behind EHLO, or behind another command that ends a pipelined group, before it saw the reply is refused with
    /// 554 5.5.0 and the connection closed: spam software talks blindly. Default false, as it also hits careless scripts.
    /// </summary>
    public bool RejectImproperPipelining { get; init; }

    /// <summary>Whether sessions speak LMTP (RFC 2033): LHLO, and a reply per recipient behind the body. Default false.</summary>
    public bool Lmtp { get; init; }

    /// <summary>The bounds of each session.</summary>
    public SmtpLimits Limits { get; init; } = new();
}
