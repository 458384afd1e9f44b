using System.Net;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>One address to listen on, and what is special about it.</summary>
public sealed class SmtpListenerOptions
{
    /// <summary>Where to listen. Port 0 takes a free one, which <see cref="SmtpServer.EndPoints"/> then tells.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>How the listener uses TLS. Default <see cref="TlsMode.None"/>; anything else needs <see cref="SmtpServerOptions.Certificates"/>.</summary>
    public TlsMode Tls { get; init; }

    /// <summary>Whether mail needs TLS first (RFC 3207 §4). Default false.</summary>
    public bool RequireTls { get; init; }

    /// <summary>Whether mail needs AUTH first: the submission role (RFC 6409 §4.3). Default false.</summary>
    public bool RequireAuthentication { get; init; }

    /// <summary>Whether PLAIN and LOGIN are offered without TLS. Default false: anybody on the wire would learn the password.</summary>
    public bool AllowPlaintextAuthentication { get; init; }

    /// <summary>Connections that wait to be accepted. Default 512.</summary>
    public int Backlog
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(Backlog), value, "Backlog must be at least 1.");
    } = 512;

    internal ServerProfile CreateProfile(SmtpServerOptions server)
    {
        SmtpExtensions extensions = server.Extensions & (SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.EightBitMime
            | SmtpExtensions.EnhancedStatusCodes | SmtpExtensions.Chunking | SmtpExtensions.Auth | server.MessageSink.SupportedExtensions);
        if (Tls == TlsMode.StartTls)
        {
            extensions |= SmtpExtensions.StartTls;
        }

        return new ServerProfile(new ServerProfileOptions
        {
            HostName = server.HostName,
            GreetingText = server.GreetingText,
            Extensions = extensions,
            AuthenticationMechanisms = server.Authenticator is null ? [] : server.AuthenticationMechanisms,
            AllowPlaintextAuthentication = AllowPlaintextAuthentication,
            RequireAuthentication = RequireAuthentication,
            RequireTls = RequireTls,
            Leniency = server.Leniency,
            BareLineEndings = server.BareLineEndings,
            Limits = server.Limits,
        });
    }
}
