using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;

namespace Smtp.Client;

/// <content>TLS and whom it trusts.</content>
public sealed partial class SmtpConnection
{
    private async ValueTask SecureAsync()
    {
        _opening = SmtpStage.TlsHandshake;
        _transport.SetDeadline(_options.Timeouts.TlsHandshake);
        SslPolicyErrors found = SslPolicyErrors.None;
        var trust = SmtpTlsTrust.SystemValidation;
        SslStream tls = await _transport.UpgradeAsync(new SslClientAuthenticationOptions
        {
            TargetHost = _options.TlsHostName ?? _host,
            ClientCertificates = _options.ClientCertificates,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = _options.CheckCertificateRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
            {
                found = WithOtherNames(certificate, errors);
                return IsTrusted(sender, certificate, chain, found, out trust);
            },
        }).ConfigureAwait(false);
        Tls = new TlsFacts(
            tls.SslProtocol, tls.NegotiatedCipherSuite, tls.RemoteCertificate, found, trust, _options.Tls == SmtpTlsMode.Implicit);
        ClientLog.Secured(
            _logger, _host, _options.Port, tls.SslProtocol.ToString(), tls.NegotiatedCipherSuite.ToString(), found.ToString());
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, out SmtpTlsTrust trust)
    {
        bool isPinned = false;
        if (_options.PinnedPublicKeys.Count > 0)
        {
            isPinned = certificate is X509Certificate2 found
                && _options.PinnedPublicKeys.Contains(Convert.ToBase64String(SHA256.HashData(found.PublicKey.ExportSubjectPublicKeyInfo())));
            if (!isPinned)
            {
                trust = SmtpTlsTrust.SystemValidation;
                return false;
            }
        }

        trust = isPinned ? SmtpTlsTrust.PinnedPublicKey
            : errors == SslPolicyErrors.None ? SmtpTlsTrust.SystemValidation
            : SmtpTlsTrust.Callback;
        return _options.CertificateValidation?.Invoke(sender, certificate, chain, errors) ?? (isPinned || errors == SslPolicyErrors.None);
    }

    /// <summary>A certificate that has another of the names it may have has no wrong name.</summary>
    private SslPolicyErrors WithOtherNames(X509Certificate? certificate, SslPolicyErrors errors) =>
        (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0
        && certificate is X509Certificate2 found
        && _options.TlsHostNames.Any(name => found.MatchesHostname(name, allowCommonName: false))
            ? errors & ~SslPolicyErrors.RemoteCertificateNameMismatch
            : errors;
}
