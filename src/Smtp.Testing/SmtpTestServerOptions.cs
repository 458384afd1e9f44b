using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Testing;

/// <summary>How a <see cref="SmtpTestServer"/> is to be.</summary>
public sealed class SmtpTestServerOptions
{
    /// <summary>The port on 127.0.0.1. Default 0: a free one.</summary>
    public int Port { get; set; }

    /// <summary>The server's name in its greeting. Default "localhost".</summary>
    public string HostName { get; set; } = "localhost";

    /// <summary>How the server uses TLS. Default <see cref="TlsMode.None"/>.</summary>
    public TlsMode Tls { get; set; }

    /// <summary>The certificate, with its key. Default null: a self-signed one for localhost and 127.0.0.1 is made, which clients must be told to trust.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Users with their passwords. With at least one AUTH is offered, without TLS too. Default none.</summary>
    public IDictionary<string, string> Users { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether mail needs AUTH first. Default false.</summary>
    public bool RequireAuthentication { get; set; }

    /// <summary>The most that is offered in EHLO: take members away to see how a client does without. Default all that the engine has.</summary>
    public SmtpExtensions Extensions { get; set; } = (SmtpExtensions)~0;

    /// <summary>The bounds of each session.</summary>
    public SmtpLimits Limits { get; set; } = new();

    /// <summary>Where the server logs. Default nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;
}
