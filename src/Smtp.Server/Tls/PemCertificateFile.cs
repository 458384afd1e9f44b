using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Smtp.Server;

/// <summary>
/// A certificate with its chain and key from PEM files, loaded again when the files change, as ACME clients change them. A pair that cannot be read
/// while it is being replaced is left alone: the last good certificate keeps serving.
/// </summary>
public sealed class PemCertificateFile : ITlsCertificateSource
{
    /// <summary>How often the files are looked at, at most; only when a handshake asks.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);

    private readonly string _certificatePath;
    private readonly string _keyPath;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private SslStreamCertificateContext _context;
    private (DateTime Certificate, DateTime Key) _stamp;
    private long _checkedAt;

    /// <summary>Loads the files.</summary>
    /// <param name="certificatePath">The certificate, the intermediates behind it, in PEM.</param>
    /// <param name="keyPath">The private key in PEM, not encrypted; may be the same file.</param>
    /// <param name="loggerFactory">Where a failed reload is told, and a certificate that has expired.</param>
    /// <param name="timeProvider">The clock of the check interval, and of what has expired.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">The files hold no certificate with its key.</exception>
    public PemCertificateFile(string certificatePath, string keyPath, ILoggerFactory? loggerFactory = null, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(certificatePath);
        ArgumentException.ThrowIfNullOrEmpty(keyPath);
        _certificatePath = certificatePath;
        _keyPath = keyPath;
        _time = timeProvider ?? TimeProvider.System;
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Smtp.Server.Tls");
        _stamp = Stamp();
        _context = Load();
        _checkedAt = _time.GetTimestamp();
    }

    /// <inheritdoc/>
    public SslStreamCertificateContext GetCertificate(string? serverName)
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _checkedAt)) < CheckInterval)
        {
            return Volatile.Read(ref _context);
        }

        lock (_lock)
        {
            if (_time.GetElapsedTime(_checkedAt) >= CheckInterval)
            {
                Reload();
                Volatile.Write(ref _checkedAt, _time.GetTimestamp());
            }

            return _context;
        }
    }

    private void Reload()
    {
        try
        {
            (DateTime, DateTime) stamp = Stamp();
            if (stamp != _stamp)
            {
                Volatile.Write(ref _context, Load());
                _stamp = stamp;
                ServerLog.CertificateReloaded(_logger, _certificatePath);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            ServerLog.CertificateReloadFailed(_logger, _certificatePath, error);
        }
    }

    private (DateTime Certificate, DateTime Key) Stamp() => (File.GetLastWriteTimeUtc(_certificatePath), File.GetLastWriteTimeUtc(_keyPath));

    private SslStreamCertificateContext Load()
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPemFile(_certificatePath, _keyPath);
        }
        catch (ArgumentException error)
        {
            // A key of another certificate, as between the replacements of the two files.
            throw new CryptographicException($"The key in {_keyPath} is not the one of the certificate in {_certificatePath}.", error);
        }

        var notAfter = new DateTimeOffset(certificate.NotAfter);
        if (notAfter < _time.GetUtcNow())
        {
            ServerLog.CertificateExpired(_logger, _certificatePath, notAfter);
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_certificatePath);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }
}
