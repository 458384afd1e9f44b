using System.Net;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>One address to listen on, and what is special about it.</summary>
public sealed class SmtpListenerOptions
{
    private readonly bool? _requireAuthentication;

    /// <summary>Where to listen. Port 0 takes a free one, which <see cref="SmtpServer.EndPoints"/> then tells.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>How the listener uses TLS. Default <see cref="TlsMode.None"/>; anything else needs <see cref="SmtpServerOptions.Certificates"/>.</summary>
    public TlsMode Tls { get; init; }

    /// <summary>Whether mail needs TLS first (RFC 3207 §4). Default false.</summary>
    public bool RequireTls { get; init; }

    /// <summary>What the listener is for. Default <see cref="SmtpListenerRole.Relay"/>.</summary>
    public SmtpListenerRole Role { get; init; }

    /// <summary>Whether mail needs AUTH first (RFC 6409 §4.3). Default true for <see cref="SmtpListenerRole.Submission"/>, else false.</summary>
    public bool RequireAuthentication
    {
        get => _requireAuthentication ?? Role == SmtpListenerRole.Submission;
        init => _requireAuthentication = value;
    }

    /// <summary>Whether PLAIN and LOGIN are offered without TLS. Default false: anybody on the wire would learn the password.</summary>
    public bool AllowPlaintextAuthentication { get; init; }

    /// <summary>Whether clients are asked for a certificate. Default <see cref="ClientCertificateMode.None"/>.</summary>
    public ClientCertificateMode ClientCertificates { get; init; }

    /// <summary>
    /// Whether the listener speaks LMTP (RFC 2033) for local delivery: LHLO, and a reply per recipient behind the body. Not for port 25, and for trusted
    /// clients only. Default false.
    /// </summary>
    public bool Lmtp { get; init; }

    /// <summary>
    /// The proxies that put the PROXY protocol's header, version 1 or 2, in front of each connection. From these addresses it is demanded, from all others
    /// it is no header but a bad command: who could send one could claim any address. Default none.
    /// </summary>
    public IReadOnlyList<IPNetwork> ProxiesTrusted { get; init; } = [];

    /// <summary>
    /// How long the greeting is held back. A client that talks before it is greeted is refused with 554 5.5.0: mail servers wait, spam software often does not
    /// (RFC 5321 §4.3.1). Default 0.
    /// </summary>
    public TimeSpan GreetingDelay
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(GreetingDelay), value, "GreetingDelay must be from 0 to 1 minute.");
    }

    /// <summary>Whether a client that sends on behind EHLO, DATA and the like before it saw the reply is refused with 554 5.5.0 and cut off. Default false.</summary>
    public bool RejectImproperPipelining { get; init; }

    /// <summary>Connections that wait to be accepted. Default 512.</summary>
    public int Backlog
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(Backlog), value, "Backlog must be at least 1.");
    } = 512;

    internal ServerProfile CreateProfile(SmtpServerOptions server)
    {
        SmtpExtensions extensions = server.Extensions & (SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.EightBitMime
            | SmtpExtensions.EnhancedStatusCodes | SmtpExtensions.Limits | SmtpExtensions.Chunking | SmtpExtensions.Auth | server.MessageSink.SupportedExtensions);

        // Whether there can be a handshake is the listener's to say, whatever a sink claims to support.
        extensions = Tls == TlsMode.StartTls ? extensions | SmtpExtensions.StartTls : extensions & ~SmtpExtensions.StartTls;

        return new ServerProfile(new ServerProfileOptions
        {
            HostName = server.HostName,
            GreetingText = server.GreetingText,
            Extensions = extensions,
            AuthenticationMechanisms = server.OfferedMechanisms,
            AllowPlaintextAuthentication = AllowPlaintextAuthentication,
            RequireAuthentication = RequireAuthentication,
            RequireQualifiedDomains = Role == SmtpListenerRole.Submission,
            RequireTls = RequireTls,
            Leniency = server.Leniency,
            BareLineEndings = server.BareLineEndings,
            NulOctets = server.NulOctets,
            LongLines = server.LongLines,
            RejectImproperPipelining = RejectImproperPipelining,
            Lmtp = Lmtp,
            Limits = server.Limits,
        });
    }
}
