using System.Net;
using System.Net.Sockets;
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
        if (stream is null)
        {
            for (int i = -1; i < options.FallbackHosts.Count - 1; i++)
            {
                try
                {
                    return await OpenAsync(null, HostAt(i), options, cancellationToken).ConfigureAwait(false);
                }
                catch (SmtpConnectionException error) when (MayTryNextHost(error))
                {
                    // Logged where it failed.
                }
            }
        }

        return await OpenAsync(
            stream, stream is null ? HostAt(options.FallbackHosts.Count - 1) : options.Host, options, cancellationToken).ConfigureAwait(false);

        string HostAt(int index) => index < 0 ? options.Host : options.FallbackHosts[index];
    }

    /// <summary>
    /// Whether another host may do what this one did not. A certificate that is not accepted and credentials that are refused are told at
    /// once: to go past them would hide that somebody stands in between.
    /// </summary>
    private static bool MayTryNextHost(SmtpConnectionException error) => error switch
    {
        SmtpTransportException transport => transport.Failure != TransportFailure.TlsFailed,
        SmtpReplyException reply => reply.Stage is SmtpStage.Greeting or SmtpStage.Hello && reply.Reply.Class == ReplyClass.TransientFailure,
        _ => false,
    };

    private static async ValueTask<SmtpConnection> OpenAsync(
        Stream? stream, string host, SmtpConnectionOptions options, CancellationToken cancellationToken)
    {
        var connection = new SmtpConnection(options, host);
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
        stream ??= await ConnectStreamAsync().ConfigureAwait(false);
        EndPoint? local = stream is NetworkStream { Socket: { } socket } ? socket.LocalEndPoint : null;
        _transport.Attach(stream);
        ClientLog.Connected(_logger, _host, _options.Port);

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
        ClientLog.Ready(_logger, _host, _options.Port, Peer.Extensions);
    }

    private async ValueTask<Stream> ConnectStreamAsync()
    {
        if (_options.ConnectCallback is { } connect)
        {
            var context = new SmtpConnectContext(_host, _options.Port, _options.LocalEndPoint, _options.TimeProvider);
            return await connect(context, _transport.Token).ConfigureAwait(false)
                ?? throw new InvalidOperationException($"{nameof(SmtpConnectionOptions.ConnectCallback)} gave no stream.");
        }

        Socket socket = await TcpConnector.ConnectAsync(
            _host, _options.Port, _options.LocalEndPoint, _options.TimeProvider, _transport.Token).ConfigureAwait(false);
        return new NetworkStream(socket, ownsSocket: true);
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
        string? refused = null;
        while (true)
        {
            MechanismChoice choice = await PrepareAsync(credentials, refused).ConfigureAwait(false);
            if (credentials.Choose(choice) is not { } mechanism)
            {
                throw Unfit(
                    credentials.Choose(choice with { AllowRevealing = true }) is null
                        ? "The server offers no mechanism that these credentials can be used with."
                        : "The server offers only mechanisms that show the secret, and the connection has no TLS.",
                    SmtpStage.Authenticate);
            }

            _session.BeginAuthenticate(mechanism);
            switch (await RunAsync(null).ConfigureAwait(false))
            {
                case ClientEffect.Completed:
                    ClientLog.Authenticated(_logger, _host, _options.Port, mechanism.Name);
                    return;
                case ClientEffect.Violation:
                    throw Violated(null);

                // The token may have been withdrawn before its time. A weaker mechanism is never tried in the place of one that was refused.
                case ClientEffect.Refused when credentials.CanRenew && refused is null && _session.LastReply.Class == ReplyClass.PermanentFailure:
                    refused = choice.Token;
                    break;
                default:
                    throw Refused("The server refuses the credentials.");
            }
        }
    }

    private async ValueTask<MechanismChoice> PrepareAsync(SmtpCredentials credentials, string? refused)
    {
        // Where a token comes from is not the server's doing: neither its time nor its failures are.
        _transport.ClearDeadline();
        _isInCallback = true;
        string? token = await credentials.GetTokenAsync(refused, _options.TimeProvider.GetUtcNow(), _transport.Token).ConfigureAwait(false);
        _isInCallback = false;
        SaslChannelBinding? binding = Tls?.Certificate is X509Certificate2 certificate ? SaslChannelBinding.OfServerCertificate(certificate) : null;
        return new MechanismChoice(
            Peer, _options.AuthenticationMechanisms, _session.IsTls || _options.AllowPlaintextAuthentication, binding, token, _host, _options.Port);
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
        new(message, default, PeerViolation.None, _host, _options.Port, stage, null);

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
