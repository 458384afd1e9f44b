using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;

namespace Smtp.Server;

/// <content>The handshake.</content>
internal sealed partial class SmtpServerConnection
{
    private X509Certificate2? _certificate;
    private SaslChannelBinding? _channelBinding;

    private bool OnClientCertificate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _context.ClientCertificateErrors = errors;
        return _listener.ClientCertificates == ClientCertificateMode.Require ? errors == SslPolicyErrors.None : true;
    }

    private async ValueTask<bool> ShakeHandsAsync()
    {
        var tls = new SslStream(_transport.Stream, leaveInnerStreamOpen: true);
        try
        {
            SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.TlsHandshake.TotalMilliseconds);
            await tls.AuthenticateAsServerAsync(SelectCertificateAsync, this, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is AuthenticationException or IOException or ObjectDisposedException or InvalidOperationException
            or OperationCanceledException or System.ComponentModel.Win32Exception)
        {
            ServerLog.TlsFailed(_logger, Id, _context.RemoteEndPoint, error.InnerException?.Message ?? error.Message);
            _metrics.Handshake(null);
            _reason = _interruption != SmtpCloseReason.Completed ? _interruption : SmtpCloseReason.TlsFailed;
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
        });
    }
}
