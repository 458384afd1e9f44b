using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Relay.Delivery;
using Relay.Http;
using Relay.Policy;
using Relay.Spool;
using Smtp.Client;
using Smtp.Server;

namespace Relay.Host;

/// <summary>
/// The parts of the host: the spool, delivery out of it, the relay's server into it, and the capture server where no next hop is configured. Start once, stop
/// once.
/// </summary>
internal sealed class RelayServers : IAsyncDisposable
{
    private readonly RelaySettings _settings;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private SmtpServer? _capture;
    private SmtpServer? _relay;
    private SqliteSpool? _spool;
    private DeliveryService? _delivery;
    private RelayHttp? _http;
    private QueueMetrics? _metrics;

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

    /// <summary>The queue.</summary>
    internal SqliteSpool Spool => _spool ?? throw new InvalidOperationException("The relay was not started.");

    /// <summary>What empties the queue.</summary>
    internal DeliveryService Delivery => _delivery ?? throw new InvalidOperationException("The relay was not started.");

    /// <summary>The HTTP service; null if it is switched off.</summary>
    internal RelayHttp? Http => _http;

    /// <summary>The development certificate; null if one is configured.</summary>
    internal DevelopmentCertificateFiles? DevelopmentCertificate { get; private set; }

    /// <summary>
    /// (1) Makes folders and certificate, (2) opens the spool, which takes back what a dead process had leased, and the keys, (3) starts the capture server,
    /// (4) delivery, and (5) the relay's server and the HTTP service last, when all that their messages need is there.
    /// </summary>
    /// <exception cref="RelayStartException">Something is in the way; the message names the key.</exception>
    internal void Start()
    {
        // (1)
        PemCertificateFile certificates = Certificates();

        // (2)
        _spool = OpenSpool();
        _metrics = new QueueMetrics(_spool);
        _http = OpenHttp(_spool);

        // (3)
        RouteSettings? nextHop = _settings.NextHop;
        if (nextHop is null && !_settings.DeliversToExchangers)
        {
            nextHop = StartCapture();
        }

        // (4)
        CheckTrust(_settings.NextHop?.CaPath);
        _delivery = OpenDelivery(_http is null ? _spool : new SimulatingSpool(_spool), _settings.Delivery with { NextHop = nextHop });

        // (5)
        var users = new ConfiguredUsers(_settings.Users);
        var policy = new RelayPolicy(users.Count > 0);
        ConfiguredUsers? authenticator = users.Count > 0 ? users : null;
        _relay = StartServer(_settings.ListenTls.Count == 0 ? "Relay:Listen" : "Relay:Listen, Relay:ListenTls", new SmtpServerOptions
        {
            HostName = _settings.HostName,
            Listeners =
            [
                .. _settings.Listen.Select(endPoint => new SmtpListenerOptions { EndPoint = endPoint, Tls = TlsMode.StartTls }),
                .. _settings.ListenTls.Select(endPoint => new SmtpListenerOptions { EndPoint = endPoint, Tls = TlsMode.Implicit }),
            ],
            MessageSink = new ReturnPathSink(
                _delivery.Inbound,
                new SpoolSink(_spool, new SpoolSinkOptions { HostName = _settings.HostName, Filter = _http?.Filter }, _loggers.CreateLogger("Relay.Host"))),
            Policy = new ReturnPathPolicy(_delivery.Inbound, _http is null ? policy : _http.Policy(policy)),
            Authenticator = _http is null ? authenticator : _http.Authenticator(authenticator),
            Certificates = certificates,
            LoggerFactory = _loggers,
            TimeProvider = _time,
        });
        _delivery.Configure(_delivery.Settings with { OwnEndPoints = [.. _relay.EndPoints.OfType<IPEndPoint>()] });
        _delivery.Start();
        StartHttp();
    }

    /// <summary>
    /// Stops (1) taking mail by SMTP, (2) delivery, which gets its grace time for what is in flight, (3) the capture server, which the last messages still go
    /// to, and (4) the HTTP service, which is alive until then and not ready. What is left waits in the spool.
    /// </summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        // (1)
        _http?.BeginDrain();
        if (_relay is not null)
        {
            await _relay.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        // (2)
        if (_delivery is not null)
        {
            await _delivery.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        // (3)
        if (_capture is not null)
        {
            await _capture.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        // (4)
        if (_http is not null)
        {
            await _http.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stops and gives everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_http is not null)
        {
            await _http.StopAsync().ConfigureAwait(false);
        }

        if (_relay is not null)
        {
            await _relay.DisposeAsync().ConfigureAwait(false);
        }

        if (_delivery is not null)
        {
            await _delivery.DisposeAsync().ConfigureAwait(false);
        }

        if (_capture is not null)
        {
            await _capture.DisposeAsync().ConfigureAwait(false);
        }

        // The server above asked it for credentials to its end.
        if (_http is not null)
        {
            await _http.DisposeAsync().ConfigureAwait(false);
        }

        _metrics?.Dispose();
        if (_spool is not null)
        {
            await _spool.DisposeAsync().ConfigureAwait(false);
        }
    }

    private SqliteSpool OpenSpool()
    {
        try
        {
            Folders.Prepare(_settings.SpoolPath, "Relay:Spool:Path");
            return SqliteSpool.Open(new SpoolOptions { Path = _settings.SpoolPath, TimeProvider = _time, Logger = _loggers.CreateLogger("Relay.Spool") });
        }
        catch (SpoolException error)
        {
            throw new RelayStartException($"Relay:Spool:Path: {error.Message}", error);
        }
    }

    private DeliveryService OpenDelivery(ISpool spool, DeliverySettings settings)
    {
        try
        {
            return new DeliveryService(spool, settings, _loggers);
        }
        catch (System.Data.Common.DbException error)
        {
            throw new RelayStartException($"Relay:Spool:Path: \"{settings.StorePath}\" cannot be opened: {error.Message}", error);
        }
    }

    private RelayHttp? OpenHttp(SqliteSpool spool)
    {
        if (_settings.Http is not { } http)
        {
            return null;
        }

        try
        {
            // Nothing else runs yet that could be kept waiting.
            return RelayHttp.OpenAsync(
                new HttpSettings
                {
                    Listen = http.Listen,
                    HostName = _settings.HostName,
                    DataPath = _settings.SpoolPath,
                    CapturePath = _settings.NextHop is null && !_settings.DeliversToExchangers ? _settings.CapturePath : null,
                    BootstrapKey = http.BootstrapKey,
                    PublicUrl = http.PublicUrl,
                    RequestsPerSecond = http.RequestsPerSecond,
                    WebhooksToPrivateAddresses = http.WebhooksToPrivateAddresses,
                },
                spool,
                _loggers,
                _time).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is InvalidDataException or System.Data.Common.DbException)
        {
            throw new RelayStartException($"Relay:Spool:Path: {error.Message}", error);
        }
    }

    private void StartHttp()
    {
        try
        {
            _http?.StartAsync().GetAwaiter().GetResult();
        }
        catch (IOException error)
        {
            throw new RelayStartException($"Relay:Http:Listen: {error.Message} Choose another port, or off.", error);
        }
        catch (SocketException error)
        {
            // An address that is not of this machine, or a port that only root may take: Kestrel wraps only a port in use.
            throw new RelayStartException($"Relay:Http:Listen is \"{_settings.Http!.Listen}\": {error.Message}. Choose another address or port, or off.", error);
        }
    }

    /// <returns>How the capture server is reached.</returns>
    private RouteSettings StartCapture()
    {
        Folders.Prepare(_settings.CapturePath, "Relay:Capture:Path");
        _capture = StartServer("Relay:Capture:Listen", new SmtpServerOptions
        {
            HostName = _settings.HostName,
            Listeners = [new SmtpListenerOptions { EndPoint = _settings.CaptureListen }],
            MessageSink = new CaptureSink(_settings.CapturePath, _time, _loggers.CreateLogger("Relay.Capture")),

            // All that the relay delivers comes from one address.
            MaximumConnectionsPerAddress = 10_000,
            LoggerFactory = _loggers,
            TimeProvider = _time,
        });
        var endPoint = (IPEndPoint)_capture.EndPoints[0];
        return new RouteSettings(Reachable(endPoint.Address).ToString(), endPoint.Port, SmtpTlsMode.None);
    }

    /// <summary>Takes other delivery settings while it runs; what is queued goes by them from its next attempt on.</summary>
    /// <exception cref="DkimKeyException">A key cannot be loaded; the settings so far stay.</exception>
    internal void Configure(RelaySettings settings)
    {
        // The capture server is there or it is not: without another next hop the one so far stays.
        RouteSettings? nextHop = settings.NextHop ?? (settings.DeliversToExchangers ? null : Delivery.Settings.NextHop);
        Delivery.Configure(settings.Delivery with { NextHop = nextHop });
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

    /// <summary>A file that cannot be read is told at the start, not at the first message.</summary>
    private static void CheckTrust(string? caPath)
    {
        if (caPath is null)
        {
            return;
        }

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
    }
}
