using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;

namespace Smtp.Server;

/// <content>The handshake.</content>
internal sealed partial class SmtpServerConnection
{
    // No name is registered for SMTP; these are Exim's. A client that speaks of protocols and knows none of them is none of ours: a browser that was lured
    // here offers those of HTTP, and its handshake fails (ALPACA). One that does not speak of protocols, as mail programs do not, is not asked.
    private static readonly List<SslApplicationProtocol> Protocols = [new("smtp"), new("esmtp")];

    private X509Certificate2? _certificate;
    private SaslChannelBinding? _channelBinding;

    private bool OnClientCertificate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _context.ClientCertificateErrors = errors;
        return _listener.ClientCertificates == ClientCertificateMode.Require ? errors == SslPolicyErrors.None : true;
    }

    private async ValueTask<bool> ShakeHandsAsync()
    {
        if (_transport.TlsHandshake is { } handshake)
        {
            return await TakeTlsAsync(handshake).ConfigureAwait(false);
        }

        var tls = new SslStream(_transport.Stream, leaveInnerStreamOpen: true);
        try
        {
            SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.TlsHandshake.TotalMilliseconds);
            await tls.AuthenticateAsServerAsync(SelectCertificateAsync, this, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is AuthenticationException or IOException or ObjectDisposedException or InvalidOperationException
            or OperationCanceledException or System.ComponentModel.Win32Exception)
        {
            OnTlsFailed(error);
            await tls.DisposeAsync().ConfigureAwait(false);
            return false;
        }

        ClearDeadline();
        _stream = tls;
        _channelBinding = _certificate is null ? null : SaslChannelBinding.OfServerCertificate(_certificate);
        _context.TlsProtocol = tls.SslProtocol;
        _context.TlsCipherSuite = tls.NegotiatedCipherSuite.ToString();
        _context.TlsServerName = tls.TargetHostName;
        _context.ClientCertificate = tls.RemoteCertificate as X509Certificate2;
        OnTlsEstablished();
        return true;
    }

    /// <summary>Lets whoever handed the connection in make the handshake, and goes on over what comes of it.</summary>
    private async ValueTask<bool> TakeTlsAsync(Func<CancellationToken, ValueTask<EstablishedTls>> handshake)
    {
        EstablishedTls tls;
        try
        {
            SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.TlsHandshake.TotalMilliseconds);
            tls = await handshake(Gone).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            OnTlsFailed(error);
            return false;
        }

        ClearDeadline();
        _transport.Upgrade(tls.Transport);
        _stream = _transport.Stream;
        _certificate = tls.ServerCertificate;
        _channelBinding = _certificate is null ? null : SaslChannelBinding.OfServerCertificate(_certificate);
        _context.TlsProtocol = tls.Protocol;
        _context.TlsCipherSuite = tls.CipherSuite.ToString();
        _context.TlsServerName = tls.ServerName;
        _context.ClientCertificate = tls.ClientCertificate;
        _context.ClientCertificateErrors = tls.ClientCertificateErrors;
        OnTlsEstablished();
        return true;
    }

    private void OnTlsFailed(Exception error)
    {
        ServerLog.TlsFailed(_logger, Id, _context.RemoteEndPoint, error.InnerException?.Message ?? error.Message);
        _metrics.Handshake(null);
        _reason = _interruption != SmtpCloseReason.Completed ? _interruption : SmtpCloseReason.TlsFailed;
    }

    private static ValueTask<SslServerAuthenticationOptions> SelectCertificateAsync(
        SslStream stream, SslClientHelloInfo hello, object? state, CancellationToken cancellationToken)
    {
        var connection = (SmtpServerConnection)state!;
        SslStreamCertificateContext certificate = connection._options.Certificates!.GetCertificate(hello.ServerName);
        connection._certificate = certificate.TargetCertificate;
        ClientCertificateMode mode = connection._listener.ClientCertificates;
        return ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ClientCertificateRequired = mode != ClientCertificateMode.None,
            RemoteCertificateValidationCallback = mode == ClientCertificateMode.None ? null : connection.OnClientCertificate,

            // RFC 8996 takes 1.0 and 1.1 away, and 1.2's renegotiation is an attack surface without a use in SMTP.
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            ApplicationProtocols = Protocols,

            // A session that is resumed brings no certificate, and may come from another listener's handshake.
            AllowTlsResume = mode == ClientCertificateMode.None,
        });
    }
}
