using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Smtp.Client;

/// <summary>
/// Why the server's certificate was refused in a handshake. Only the callback knows it: the exception of <see cref="SslStream"/> says no more than that a callback
/// refused it, and whoever reads the log would not know if the name, the date or the authority is wrong.
/// </summary>
internal sealed class CertificateRefusal
{
    private readonly RemoteCertificateValidationCallback? _validate;

    /// <summary>Looks on while the options' own callback decides.</summary>
    internal CertificateRefusal(SslClientAuthenticationOptions options)
    {
        _validate = options.RemoteCertificateValidationCallback;
        options.RemoteCertificateValidationCallback = Validate;
    }

    /// <summary>A sentence; null as long as nothing was refused.</summary>
    internal string? Reason { get; private set; }

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        bool isTrusted = _validate?.Invoke(sender, certificate, chain, errors) ?? errors == SslPolicyErrors.None;
        Reason = isTrusted ? null : Describe(certificate, chain, errors);
        return isTrusted;
    }

    private static string Describe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
        {
            return "The server has no certificate.";
        }

        List<string> reasons = [];
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
        {
            reasons.Add("it is for another name");
        }

        if ((errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0 && chain is not null)
        {
            reasons.AddRange(chain.ChainStatus.Select(status => status.Status.ToString()).Distinct());
        }

        string until = certificate is X509Certificate2 whole
            ? whole.NotAfter.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture)
            : certificate.GetExpirationDateString();
        return $"The server's certificate ({certificate.Subject}, until {until}) is not trusted: "
            + (reasons.Count > 0 ? string.Join(", ", reasons) : "its key is not pinned, or CertificateValidation refused it") + ".";
    }
}
