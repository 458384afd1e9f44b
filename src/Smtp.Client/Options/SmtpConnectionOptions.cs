using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

    /// <summary>
    /// More hosts, in the order in which they are to be tried, as of MX records: each when those before cannot be reached, or refuse the
    /// session with a 4yz reply (RFC 5321 §5.1); none by default. All have <see cref="Port"/>.
    /// </summary>
    public IReadOnlyList<string> FallbackHosts { get; init; } = [];

    /// <summary>The server's port, 1 to 65535; 25 by default. 587 is submission (RFC 6409), 465 submission with implicit TLS (RFC 8314).</summary>
    public int Port { get; init; } = 25;

    /// <summary>Whether LMTP is spoken (RFC 2033), in which each recipient has a final reply of its own; no by default.</summary>
    public bool Lmtp { get; init; }

    /// <summary>
    /// The address to connect from, with port 0 for any; <see langword="null"/>, the default, leaves it to the system. Only addresses of the
    /// server's that have its family are tried.
    /// </summary>
    public IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>
    /// Connects in place of the client: through a proxy (<see cref="SmtpProxy"/>), to a Unix socket, or however. The stream belongs to the
    /// connection. <see langword="null"/>, the default, for TCP with happy eyeballs (RFC 8305).
    /// </summary>
    public Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; init; }

    /// <summary>How the connection gets TLS; <see cref="SmtpTlsMode.StartTlsRequired"/> by default.</summary>
    public SmtpTlsMode Tls { get; init; }

    /// <summary>The name that the certificate must have; <see langword="null"/>, the default, for <see cref="Host"/>.</summary>
    public string? TlsHostName { get; init; }

    /// <summary>More names, any of which the certificate may have in the place of <see cref="TlsHostName"/>; none by default.</summary>
    public IReadOnlyList<string> TlsHostNames { get; init; } = [];

    /// <summary>
    /// The public keys, one of which the server's certificate must have: SHA-256 of each SubjectPublicKeyInfo in base64, as in DANE's 3 1 1 and
    /// curl's sha256// pins; none by default. A certificate with one of them needs no authority, name or date: the key is what is trusted.
    /// </summary>
    public IReadOnlyList<string> PinnedPublicKeys { get; init; } = [];

    /// <summary>The certificates, with private keys, that the client may show a server that asks for one; none by default.</summary>
    public X509Certificate2Collection? ClientCertificates { get; init; }

    /// <summary>
    /// Decides over a certificate; gets what the system's validation found. <see langword="null"/>, the default, accepts only what
    /// passes the system's validation, name included, or has a pinned key. Where keys are pinned it is asked about a certificate that has one.
    /// </summary>
    public RemoteCertificateValidationCallback? CertificateValidation { get; init; }

    /// <summary>Whether revocation of the certificate is checked online; no by default, as with <see cref="SslStream"/>.</summary>
    public bool CheckCertificateRevocation { get; init; }

    /// <summary>The domain or address literal that EHLO says; <see langword="null"/>, the default, for the host's full name or else its address.</summary>
    public string? LocalName { get; init; }

    /// <summary>Authenticates with these; <see langword="null"/>, the default, for not at all.</summary>
    public SmtpCredentials? Credentials { get; init; }

    /// <summary>
    /// The SASL mechanisms that may be used, by their registered names; <see langword="null"/>, the default, for all that the credentials can be
    /// used with. The strongest is chosen that the server offers.
    /// </summary>
    public IReadOnlyList<string>? AuthenticationMechanisms { get; init; }

    /// <summary>Whether a password or token may be sent over a connection without TLS; no by default.</summary>
    public bool AllowPlaintextAuthentication { get; init; }

    /// <summary>
    /// Whether small messages go by BDAT where the server offers CHUNKING (RFC 3030), in one flight with their envelopes and without waiting
    /// for a 354; yes by default. Binary content always goes by BDAT.
    /// </summary>
    public bool UseChunking { get; init; } = true;

    /// <summary>
    /// The most messages that a connection has sent and not seen answered, 1 to 100; 16 by default. More than two go out together only where the server
    /// has PIPELINING and CHUNKING (see <see cref="UseChunking"/>), together no more than <see cref="ClientSession.WindowLength"/>; a connection begins with
    /// two, with each message that is answered it may be one more, and of those that wait for a pool each connection takes its share. They cost one round trip
    /// and one system call. When a connection breaks, of all of them it is uncertain whether the server has taken them. With 1 each waits until the one before
    /// is answered.
    /// </summary>
    public int MaximumMessagesInFlight { get; init; } = 16;

    /// <summary>
    /// Whether content in memory whose header has UTF-8 (RFC 6532) asks for SMTPUTF8, and is refused with
    /// <see cref="SendRefusal.NeedsSmtpUtf8"/> where the server lacks it; yes by default. Content that comes from a stream, a pipe or a callback
    /// is not known before it is sent: say it with <see cref="OutgoingEnvelope.SmtpUtf8"/>. A relay that passes on what others have submitted
    /// without SMTPUTF8 says no, as Postfix does (smtputf8_autodetect_classes), or it would return mail that everybody reads.
    /// </summary>
    public bool DetectUtf8Headers { get; init; } = true;

    /// <summary>What is done with a lone CR or LF in content; <see cref="BareLineEndingPolicy.Normalize"/> by default.</summary>
    public BareLineEndingPolicy BareLineEndings { get; init; } = BareLineEndingPolicy.Normalize;

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
        if (string.IsNullOrWhiteSpace(Host))
        {
            errors.Add($"{nameof(Host)} is missing: the server's host name or IP address.");
        }
        else
        {
            DemandHosts(nameof(Host), [Host], errors);
        }

        DemandHosts(nameof(FallbackHosts), FallbackHosts, errors);

        if (Port is < 1 or > 65535)
        {
            errors.Add($"{nameof(Port)} is {Port}, not 1 to 65535.");
        }

        if (!Enum.IsDefined(Tls))
        {
            errors.Add($"{nameof(Tls)} = {Tls} must be one of {string.Join(", ", Enum.GetNames<SmtpTlsMode>())}.");
        }

        if (!Enum.IsDefined(BareLineEndings))
        {
            errors.Add($"{nameof(BareLineEndings)} = {BareLineEndings} must be one of {string.Join(", ", Enum.GetNames<BareLineEndingPolicy>())}.");
        }

        if (MaximumMessagesInFlight is < 1 or > 100)
        {
            errors.Add($"{nameof(MaximumMessagesInFlight)} is {MaximumMessagesInFlight}, not 1 to 100.");
        }

        DemandHosts(nameof(TlsHostName), TlsHostName is null ? [] : [TlsHostName], errors);
        DemandHosts(nameof(TlsHostNames), TlsHostNames, errors);
        if (PinnedPublicKeys is null)
        {
            errors.Add($"{nameof(PinnedPublicKeys)} cannot be null.");
        }
        else if (PinnedPublicKeys.Where(pin => !IsPin(pin)).Take(1).ToList() is [var noPin])
        {
            errors.Add($"{nameof(PinnedPublicKeys)} has \"{noPin}\", which is no SHA-256 hash in base64.");
        }

        if (ClientCertificates?.FirstOrDefault(certificate => !certificate.HasPrivateKey) is { } keyless)
        {
            errors.Add($"{nameof(ClientCertificates)} has a certificate without its private key: {keyless.Subject}.");
        }

        if (LocalName is { } localName && !PathSyntax.IsHelloName(Encoding.UTF8.GetBytes(localName)))
        {
            errors.Add($"{nameof(LocalName)} = \"{localName}\" is neither a domain nor an address literal such as [192.0.2.1].");
        }

        if (Tls == SmtpTlsMode.None && Credentials is not null && !AllowPlaintextAuthentication && Credentials.NeedsTls(AuthenticationMechanisms))
        {
            errors.Add($"{nameof(Credentials)} need TLS, or {nameof(AllowPlaintextAuthentication)}.");
        }

        if (Timeouts is null || TimeProvider is null || LoggerFactory is null)
        {
            errors.Add($"{nameof(Timeouts)}, {nameof(TimeProvider)} and {nameof(LoggerFactory)} cannot be null.");
        }
    }

    private static void DemandHosts(string option, IReadOnlyList<string>? hosts, List<string> errors)
    {
        if (hosts is null)
        {
            errors.Add($"{option} cannot be null.");
            return;
        }

        foreach (string host in hosts.Where(host => Uri.CheckHostName(host) == UriHostNameType.Unknown))
        {
            errors.Add($"{option} = \"{host}\" is neither a host name nor an IP address.");
        }
    }

    private static bool IsPin(string? pin)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        return pin is { Length: 44 } && Convert.TryFromBase64String(pin, hash, out int length) && length == hash.Length;
    }
}
