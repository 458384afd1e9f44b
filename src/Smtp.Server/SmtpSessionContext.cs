using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>The facts of one session, for policies, authenticators and sinks. Valid during the connection.</summary>
public sealed class SmtpSessionContext
{
    private readonly ServerSession _session;
    private string? _helloName;

    internal SmtpSessionContext(ServerSession session, long connectionId, ConnectionTransport transport, DateTimeOffset startedAt)
    {
        _session = session;
        ConnectionId = connectionId;
        LocalEndPoint = transport.LocalEndPoint;
        RemoteEndPoint = transport.RemoteEndPoint;
        PeerEndPoint = transport.RemoteEndPoint;
        StartedAt = startedAt;
    }

    /// <summary>A number that no other connection of this server has or had; the same one stands in the logs.</summary>
    public long ConnectionId { get; }

    /// <summary>The server's side of the connection, behind a trusted proxy the address that the client connected to; null if the transport has none.</summary>
    public EndPoint? LocalEndPoint { get; internal set; }

    /// <summary>The client's side, behind a trusted proxy what the proxy says it is; null if the transport has none.</summary>
    public EndPoint? RemoteEndPoint { get; internal set; }

    /// <summary>Who the connection really is with: the client, or the proxy in front of it.</summary>
    public EndPoint? PeerEndPoint { get; }

    /// <summary>What the listener that took the connection is for.</summary>
    public SmtpListenerRole Role { get; internal init; }

    /// <summary>When the client connected.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>The name that EHLO or HELO gave; empty before it.</summary>
    public string HelloName
    {
        get
        {
            // Kept as long as it is the same: a busy session asks for it once a message.
            ReadOnlySpan<byte> name = _session.HelloName;
            if (_helloName is null || !System.Text.Ascii.Equals(name, _helloName))
            {
                _helloName = _session.GetHelloName();
            }

            return _helloName;
        }
    }

    /// <summary>EHLO, HELO or LHLO as accepted; <see cref="SmtpVerb.Unknown"/> before it.</summary>
    public SmtpVerb HelloVerb => _session.HelloVerb;

    /// <summary>Who the client proved to be with AUTH, or null.</summary>
    public string? Identity => _session.Identity;

    /// <summary>Whether the connection is under TLS.</summary>
    public bool IsTls => _session.IsTls;

    /// <summary>The TLS version; <see cref="SslProtocols.None"/> without TLS.</summary>
    public SslProtocols TlsProtocol { get; internal set; }

    /// <summary>The cipher suite's registered name, such as "TLS_AES_256_GCM_SHA384"; null without TLS.</summary>
    public string? TlsCipherSuite { get; internal set; }

    /// <summary>The name that the client asked for by SNI; null without.</summary>
    public string? TlsServerName { get; internal set; }

    /// <summary>The client's certificate, if one was asked for and sent. See <see cref="ClientCertificateErrors"/> before you trust it.</summary>
    public X509Certificate2? ClientCertificate { get; internal set; }

    /// <summary>What the system's validation found wrong with <see cref="ClientCertificate"/>; <see cref="SslPolicyErrors.None"/> if nothing.</summary>
    public SslPolicyErrors ClientCertificateErrors { get; internal set; }

    /// <summary>The extensions whose keywords and parameters count now.</summary>
    public SmtpExtensions ActiveExtensions => _session.ActiveExtensions;

    /// <summary>How many messages of this session were committed.</summary>
    public long MessagesAccepted => _session.MessagesAccepted;

    /// <summary>Room for what an application wants to remember of the session. The engine does not touch it.</summary>
    public object? State { get; set; }
}
