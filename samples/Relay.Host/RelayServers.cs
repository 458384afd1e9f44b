using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Relay.Policy;
using Smtp.Client;
using Smtp.Server;

namespace Relay.Host;

/// <summary>The servers of the host: the relay, and the capture server where no next hop is configured. Start once, stop once.</summary>
internal sealed class RelayServers : IAsyncDisposable
{
    private readonly RelaySettings _settings;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private SmtpServer? _capture;
    private SmtpServer? _relay;

    internal RelayServers(RelaySettings settings, ILoggerFactory loggers, TimeProvider time)
    {
        _settings = settings;
        _loggers = loggers;
        _time = time;
    }

    /// <summary>Where submissions are taken: STARTTLS listeners first, in the order of the settings. Empty before the start.</summary>
    internal IReadOnlyList<EndPoint> EndPoints => _relay?.EndPoints ?? [];

    /// <summary>Where the capture server listens; null if there is none.</summary>
    internal EndPoint? CaptureEndPoint => _capture?.EndPoints[0];

    /// <summary>The relay's server, for programs that hand it connections.</summary>
    internal SmtpServer Relay => _relay ?? throw new InvalidOperationException("The relay was not started.");

    /// <summary>The development certificate; null if one is configured.</summary>
    internal DevelopmentCertificateFiles? DevelopmentCertificate { get; private set; }

    /// <summary>Makes folders and certificate, then starts the capture server, and the relay last, when its next hop is there.</summary>
    /// <exception cref="RelayStartException">Something is in the way; the message names the key.</exception>
    internal void Start()
    {
        PemCertificateFile certificates = Certificates();
        NextHopSettings? nextHop = _settings.NextHop;
        if (nextHop is null)
        {
            Folders.Prepare(_settings.CapturePath, "Relay:Capture:Path");
            _capture = StartServer("Relay:Capture:Listen", new SmtpServerOptions
            {
                HostName = _settings.HostName,
                Listeners = [new SmtpListenerOptions { EndPoint = _settings.CaptureListen }],
                MessageSink = new CaptureSink(_settings.CapturePath, _time, _loggers.CreateLogger("Relay.Capture")),

                // All that the relay passes on comes from one address, a connection for each message.
                MaximumConnectionsPerAddress = 10_000,
                LoggerFactory = _loggers,
                TimeProvider = _time,
            });
            var endPoint = (IPEndPoint)_capture.EndPoints[0];
            nextHop = new NextHopSettings(Reachable(endPoint.Address).ToString(), endPoint.Port, SmtpTlsMode.None, null, null);
        }

        var users = new ConfiguredUsers(_settings.Users);
        _relay = StartServer(_settings.ListenTls.Count == 0 ? "Relay:Listen" : "Relay:Listen, Relay:ListenTls", new SmtpServerOptions
        {
            HostName = _settings.HostName,
            Listeners =
            [
                .. _settings.Listen.Select(endPoint => new SmtpListenerOptions { EndPoint = endPoint, Tls = TlsMode.StartTls }),
                .. _settings.ListenTls.Select(endPoint => new SmtpListenerOptions { EndPoint = endPoint, Tls = TlsMode.Implicit }),
            ],
            MessageSink = new RelaySink(_settings.HostName, ConnectionOptions(nextHop), nextHop.ToString(), _time, _loggers.CreateLogger("Relay.Host")),
            Policy = new RelayPolicy(users.Count > 0),
            Authenticator = users.Count > 0 ? users : null,
            Certificates = certificates,
            LoggerFactory = _loggers,
            TimeProvider = _time,
        });
    }

    /// <summary>Stops the relay, and then the capture server, which the relay's last messages still go to.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_relay is not null)
        {
            await _relay.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_capture is not null)
        {
            await _capture.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stops and gives everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync().ConfigureAwait(false);
        }

        if (_capture is not null)
        {
            await _capture.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static SmtpServer StartServer(string key, SmtpServerOptions options)
    {
        var server = new SmtpServer(options);
        try
        {
            server.Start();
            return server;
        }
        catch (SocketException error)
        {
            string hint = error.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? "; perhaps by another relay: stop it, or choose another port"
                : string.Empty;
            throw new RelayStartException($"{key}: {error.Message}{hint}.", error);
        }
    }

    /// <summary>An address to connect to a server that listens on all.</summary>
    private static IPAddress Reachable(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address;

    private PemCertificateFile Certificates()
    {
        string certificatePath;
        string keyPath;
        if (_settings.CertificatePath is { } configured)
        {
            (certificatePath, keyPath) = (configured, _settings.KeyPath!);
        }
        else
        {
            Folders.Prepare(_settings.DataPath, "Relay:DataPath");
            DevelopmentCertificate = Host.DevelopmentCertificate.GetOrCreate(_settings.DataPath, _settings.HostName, _time);
            (certificatePath, keyPath, _) = DevelopmentCertificate;
        }

        try
        {
            return new PemCertificateFile(certificatePath, keyPath, _loggers, _time);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new RelayStartException(
                $"Relay:Tls:CertificatePath, Relay:Tls:KeyPath: \"{certificatePath}\" and \"{keyPath}\" are no certificate with its key in PEM: {error.Message}", error);
        }
    }

    private SmtpConnectionOptions ConnectionOptions(NextHopSettings nextHop) => new()
    {
        Host = nextHop.Host,
        Port = nextHop.Port,
        Tls = nextHop.Tls,
        Credentials = nextHop.Credentials,

        // The settings allow it only where the next hop is on this machine.
        AllowPlaintextAuthentication = nextHop.Tls is SmtpTlsMode.None or SmtpTlsMode.StartTlsIfOffered,
        CertificateValidation = nextHop.CaPath is { } path ? Trust(path) : null,
        LocalName = _settings.HostName,

        // DATA takes no lone CR or LF, and BDAT is not to be a way around it: refused, as there, and never changed.
        BareLineEndings = BareLineEndings.Refuse,

        // The submitter waits ten minutes (RFC 5321 §4.5.3.2.6): it is to hear the verdict, not to try again while the next hop works.
        Timeouts = new SmtpClientTimeouts { FinalReply = TimeSpan.FromMinutes(9) },
        TimeProvider = _time,
        LoggerFactory = _loggers,
    };

    /// <summary>Trusts what the system trusts, and what a file names. The name in the certificate must be right in both cases.</summary>
    private static RemoteCertificateValidationCallback Trust(string caPath)
    {
        var trusted = new X509Certificate2Collection();
        try
        {
            trusted.ImportFromPemFile(caPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new RelayStartException($"Relay:NextHopCaPath: \"{caPath}\" cannot be read as PEM certificates: {error.Message}", error);
        }

        if (trusted.Count == 0)
        {
            throw new RelayStartException($"Relay:NextHopCaPath: there is no PEM certificate in \"{caPath}\".");
        }

        return (_, certificate, presented, errors) =>
        {
            if (errors == SslPolicyErrors.None)
            {
                return true;
            }

            if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 leaf)
            {
                return false;
            }

            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            foreach (X509ChainElement element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            {
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            }

            return chain.Build(leaf);
        };
    }
}
