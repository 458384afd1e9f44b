using System.Net.Security;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>What an <see cref="SmtpConnection"/> connects to, and how.</summary>
public class SmtpConnectionOptions
{
    /// <summary>The server's host name or IP address.</summary>
    public required string Host { get; init; }

    /// <summary>The server's port, 1 to 65535; 25 by default. 587 is submission (RFC 6409), 465 submission with implicit TLS (RFC 8314).</summary>
    public int Port { get; init; } = 25;

    /// <summary>How the connection gets TLS; <see cref="SmtpTlsMode.StartTlsRequired"/> by default.</summary>
    public SmtpTlsMode Tls { get; init; }

    /// <summary>The name that the certificate must have; <see langword="null"/>, the default, for <see cref="Host"/>.</summary>
    public string? TlsHostName { get; init; }

    /// <summary>
    /// Decides over a certificate; gets what the system's validation found. <see langword="null"/>, the default, accepts only what
    /// passes the system's validation, name included.
    /// </summary>
    public RemoteCertificateValidationCallback? CertificateValidation { get; init; }

    /// <summary>Whether revocation of the certificate is checked online; no by default, as with <see cref="SslStream"/>.</summary>
    public bool CheckCertificateRevocation { get; init; }

    /// <summary>The domain or address literal that EHLO says; <see langword="null"/>, the default, for the host's full name or else its address.</summary>
    public string? LocalName { get; init; }

    /// <summary>Authenticates with these; <see langword="null"/>, the default, for not at all.</summary>
    public SmtpCredentials? Credentials { get; init; }

    /// <summary>Whether a password may be sent over a connection without TLS; no by default.</summary>
    public bool AllowPlaintextAuthentication { get; init; }

    /// <summary>What is done with a lone CR or LF in content; <see cref="BareLineEndings.Normalize"/> by default.</summary>
    public BareLineEndings BareLineEndings { get; init; }

    /// <summary>How long each stage may take.</summary>
    public SmtpClientTimeouts Timeouts { get; init; } = new();

    /// <summary>The clock that the timeouts go by; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where logs go; nowhere by default. The dialogue is logged at Trace, with secrets masked and without content.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Checks all options.</summary>
    /// <returns>A sentence for each thing that is wrong; empty if nothing is.</returns>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Validate(errors);
        return errors;
    }

    /// <summary>Adds a sentence for each thing that is wrong.</summary>
    private protected virtual void Validate(List<string> errors)
    {
        if (string.IsNullOrWhiteSpace(Host) || Uri.CheckHostName(Host) == UriHostNameType.Unknown)
        {
            errors.Add($"{nameof(Host)} is neither a host name nor an IP address.");
        }

        if (Port is < 1 or > 65535)
        {
            errors.Add($"{nameof(Port)} is {Port}, not 1 to 65535.");
        }

        if (!Enum.IsDefined(Tls))
        {
            errors.Add($"{nameof(Tls)} has no meaning: {(int)Tls}.");
        }

        if (!Enum.IsDefined(BareLineEndings))
        {
            errors.Add($"{nameof(BareLineEndings)} has no meaning: {(int)BareLineEndings}.");
        }

        if (TlsHostName is { } tlsHostName && Uri.CheckHostName(tlsHostName) == UriHostNameType.Unknown)
        {
            errors.Add($"{nameof(TlsHostName)} is neither a host name nor an IP address.");
        }

        if (LocalName is { } localName && !PathSyntax.IsHelloName(Encoding.UTF8.GetBytes(localName)))
        {
            errors.Add($"{nameof(LocalName)} is neither a domain nor an address literal.");
        }

        if (Tls == SmtpTlsMode.None && Credentials is not null && !AllowPlaintextAuthentication)
        {
            errors.Add($"{nameof(Credentials)} need TLS, or {nameof(AllowPlaintextAuthentication)}.");
        }

        if (Timeouts is null || TimeProvider is null || LoggerFactory is null)
        {
            errors.Add($"{nameof(Timeouts)}, {nameof(TimeProvider)} and {nameof(LoggerFactory)} cannot be null.");
        }
    }
}
