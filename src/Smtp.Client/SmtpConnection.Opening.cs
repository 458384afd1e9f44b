using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Smtp.Core;

namespace Smtp.Client;

/// <content>From nothing to a session in which messages can be sent.</content>
public sealed partial class SmtpConnection
{
    /// <summary>Connects, secures, greets and authenticates as the options say.</summary>
    /// <exception cref="ArgumentException">An option is wrong; all that are, are named.</exception>
    /// <exception cref="SmtpTransportException">The server cannot be reached, or TLS failed.</exception>
    /// <exception cref="SmtpReplyException">The server refuses, or does not offer what the options demand.</exception>
    public static ValueTask<SmtpConnection> ConnectAsync(SmtpConnectionOptions options, CancellationToken cancellationToken = default) =>
        OpenAsync(null, options, cancellationToken);

    /// <summary>
    /// Does the same over a stream that is connected already: a proxy's, a Unix socket's, a test's. The stream belongs to the connection
    /// from here on.
    /// </summary>
    /// <inheritdoc cref="ConnectAsync(SmtpConnectionOptions, CancellationToken)"/>
    public static ValueTask<SmtpConnection> ConnectAsync(
        Stream stream, SmtpConnectionOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return OpenAsync(stream, options, cancellationToken);
    }

    private static async ValueTask<SmtpConnection> OpenAsync(Stream? stream, SmtpConnectionOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<string> errors = options.Validate();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', errors), nameof(options));
        }

        cancellationToken.ThrowIfCancellationRequested();
        var connection = new SmtpConnection(options);
        using CancellationTokenRegistration registration = connection.RegisterCancellation(cancellationToken);
        try
        {
            await connection.OpenAsync(stream).ConfigureAwait(false);
            return connection;
        }
        catch (Exception error)
        {
            Exception told = connection.Fail(error, null, cancellationToken);
            await connection.CloseAsync().ConfigureAwait(false);
            if (!ReferenceEquals(told, error))
            {
                throw told;
            }

            throw;
        }
    }

    /// <summary>
    /// (1) connects, (2) makes the handshake of implicit TLS, (3) takes the greeting and says EHLO, (4) makes STARTTLS and says EHLO
    /// again, (5) authenticates.
    /// </summary>
    private async ValueTask OpenAsync(Stream? stream)
    {
        // (1)
        _transport.SetDeadline(_options.Timeouts.Connect);
        EndPoint? local = null;
        if (stream is null)
        {
            Socket socket = await ConnectSocketAsync().ConfigureAwait(false);
            local = socket.LocalEndPoint;
            stream = new NetworkStream(socket, ownsSocket: true);
        }

        _transport.Attach(stream);
        ClientLog.Connected(_logger, _options.Host, _options.Port);

        // (2)
        if (_options.Tls == SmtpTlsMode.Implicit)
        {
            await SecureAsync().ConfigureAwait(false);
        }

        // (3)
        byte[] name = LocalName(local);
        await GreetAsync(name).ConfigureAwait(false);

        // (4)
        if (_options.Tls is SmtpTlsMode.StartTlsRequired or SmtpTlsMode.StartTlsIfOffered && await TryStartTlsAsync().ConfigureAwait(false))
        {
            await SecureAsync().ConfigureAwait(false);
            _session.CompleteTls();
            await GreetAsync(name).ConfigureAwait(false);
        }

        // (5)
        if (_options.Credentials is { } credentials)
        {
            await AuthenticateAsync(credentials).ConfigureAwait(false);
        }

        _transport.ClearDeadline();
        ClientLog.Ready(_logger, _options.Host, _options.Port, Peer.Extensions);
    }

    private async ValueTask<Socket> ConnectSocketAsync()
    {
        // Commands go out in whole flights: waiting for more to send (Nagle) costs 40 ms a message against delayed acknowledgements.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_options.Host, _options.Port, _transport.Token).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async ValueTask SecureAsync()
    {
        _opening = SmtpStage.TlsHandshake;
        _transport.SetDeadline(_options.Timeouts.TlsHandshake);
        SslPolicyErrors found = SslPolicyErrors.None;
        RemoteCertificateValidationCallback? decide = _options.CertificateValidation;
        SslStream tls = await _transport.UpgradeAsync(new SslClientAuthenticationOptions
        {
            TargetHost = _options.TlsHostName ?? _options.Host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = _options.CheckCertificateRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
            {
                found = errors;
                return decide?.Invoke(sender, certificate, chain, errors) ?? errors == SslPolicyErrors.None;
            },
        }).ConfigureAwait(false);
        Tls = new TlsFacts(tls.SslProtocol, tls.NegotiatedCipherSuite, tls.RemoteCertificate, found);
        ClientLog.Secured(
            _logger, _options.Host, _options.Port, tls.SslProtocol.ToString(), tls.NegotiatedCipherSuite.ToString(), found.ToString());
    }

    private async ValueTask GreetAsync(byte[] name)
    {
        // From here the session knows the stage.
        _opening = SmtpStage.None;
        _session.BeginHello(name);
        await DemandAsync("The server refuses the session.").ConfigureAwait(false);
    }

    /// <returns>Whether the handshake is to be made.</returns>
    private async ValueTask<bool> TryStartTlsAsync()
    {
        bool required = _options.Tls == SmtpTlsMode.StartTlsRequired;
        if (!Peer.Offers(SmtpExtensions.StartTls))
        {
            return required ? throw Unfit("The server does not offer STARTTLS.", SmtpStage.StartTls) : false;
        }

        _session.BeginStartTls();
        switch (await RunAsync(null).ConfigureAwait(false))
        {
            case ClientEffect.UpgradeTls:
                return true;
            case ClientEffect.Refused when !required:
                return false;
            case ClientEffect.Violation:
                throw Violated(null);
            default:
                throw Refused("The server refuses STARTTLS.");
        }
    }

    private async ValueTask AuthenticateAsync(SmtpCredentials credentials)
    {
        bool allowRevealing = _session.IsTls || _options.AllowPlaintextAuthentication;
        if (credentials.Choose(Peer, allowRevealing) is not { } mechanism)
        {
            throw Unfit(
                credentials.Choose(Peer, allowRevealing: true) is null
                    ? "The server offers no mechanism that these credentials can be used with."
                    : "The server offers only mechanisms that show the password, and the connection has no TLS.",
                SmtpStage.Authenticate);
        }

        _session.BeginAuthenticate(mechanism);
        await DemandAsync("The server refuses the credentials.").ConfigureAwait(false);
        ClientLog.Authenticated(_logger, _options.Host, _options.Port, mechanism.Name);
    }

    private async ValueTask DemandAsync(string refusal)
    {
        switch (await RunAsync(null).ConfigureAwait(false))
        {
            case ClientEffect.Completed:
                break;
            case ClientEffect.Violation:
                throw Violated(null);
            default:
                throw Refused(refusal);
        }
    }

    private SmtpReplyException Unfit(string message, SmtpStage stage) =>
        new(message, default, PeerViolation.None, _options.Host, _options.Port, stage, null);

    /// <summary>RFC 5321 §4.1.4: the primary host name if there is one, else the address literal.</summary>
    private byte[] LocalName(EndPoint? local)
    {
        if (_options.LocalName is { } name)
        {
            return Encoding.ASCII.GetBytes(name);
        }

        byte[] hostName = Encoding.UTF8.GetBytes(Dns.GetHostName());
        if (hostName.Contains((byte)'.') && PathSyntax.IsHelloName(hostName))
        {
            return hostName;
        }

        IPAddress address = (local as IPEndPoint)?.Address ?? IPAddress.Loopback;
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        // An address with a scope is of no use to the peer, and no literal either.
        return Encoding.ASCII.GetBytes(address.AddressFamily == AddressFamily.InterNetwork ? $"[{address}]" : $"[IPv6:{new IPAddress(address.GetAddressBytes())}]");
    }
}
