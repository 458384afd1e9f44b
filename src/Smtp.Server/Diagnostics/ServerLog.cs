using System.Net;
using Microsoft.Extensions.Logging;

namespace Smtp.Server;

/// <summary>All that the server logs. No password, no SASL message and no text of a body ever gets here.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {EndPoint} ({Tls})")]
    internal static partial void Listening(ILogger logger, EndPoint endPoint, TlsMode tls);

    [LoggerMessage(2, LogLevel.Information, "Stopped listening; {Connections} connections are open")]
    internal static partial void Stopping(ILogger logger, int connections);

    [LoggerMessage(3, LogLevel.Warning, "Accepting a connection on {EndPoint} failed; trying again")]
    internal static partial void AcceptFailed(ILogger logger, EndPoint endPoint, Exception error);

    [LoggerMessage(10, LogLevel.Debug, "Connection {ConnectionId} from {RemoteEndPoint} to {LocalEndPoint}")]
    internal static partial void Connected(ILogger logger, long connectionId, EndPoint? remoteEndPoint, EndPoint? localEndPoint);

    [LoggerMessage(11, LogLevel.Debug, "Connection {ConnectionId} closed after {Messages} messages: {Reason}")]
    internal static partial void Closed(ILogger logger, long connectionId, long messages, SmtpCloseReason reason);

    [LoggerMessage(12, LogLevel.Warning, "Connection {ConnectionId} refused: {Limit} connections are open")]
    internal static partial void TooManyConnections(ILogger logger, long connectionId, int limit);

    [LoggerMessage(17, LogLevel.Warning, "Connection {ConnectionId} refused: {RemoteEndPoint} has {Limit} connections")]
    internal static partial void TooManyConnectionsFromAddress(ILogger logger, long connectionId, EndPoint? remoteEndPoint, int limit);

    [LoggerMessage(18, LogLevel.Warning, "Connection {ConnectionId} refused: {PeerEndPoint} is a trusted proxy, but no PROXY protocol header came")]
    internal static partial void BadProxyHeader(ILogger logger, long connectionId, EndPoint? peerEndPoint);

    [LoggerMessage(13, LogLevel.Information, "Connection {ConnectionId} is under {Protocol} with {CipherSuite}")]
    internal static partial void TlsEstablished(ILogger logger, long connectionId, string protocol, string cipherSuite);

    [LoggerMessage(14, LogLevel.Information, "Connection {ConnectionId}: the TLS handshake with {RemoteEndPoint} failed: {Error}")]
    internal static partial void TlsFailed(ILogger logger, long connectionId, EndPoint? remoteEndPoint, string error);

    [LoggerMessage(15, LogLevel.Information, "Connection {ConnectionId} is authenticated as {Identity} with {Mechanism}")]
    internal static partial void Authenticated(ILogger logger, long connectionId, string identity, string mechanism);

    [LoggerMessage(16, LogLevel.Information, "Connection {ConnectionId} from {RemoteEndPoint}: authentication with {Mechanism} failed")]
    internal static partial void AuthenticationFailed(ILogger logger, long connectionId, EndPoint? remoteEndPoint, string mechanism);

    [LoggerMessage(19, LogLevel.Warning, "Connection {ConnectionId} from {RemoteEndPoint}: authentication with {Mechanism} was not tried, as too many failed for this {Scope}")]
    internal static partial void AuthenticationThrottled(ILogger logger, long connectionId, EndPoint? remoteEndPoint, string mechanism, ThrottleScope scope);

    [LoggerMessage(20, LogLevel.Error, "Connection {ConnectionId}: {Seam} failed; the client was told 4yz")]
    internal static partial void SeamFailed(ILogger logger, long connectionId, string seam, Exception error);

    [LoggerMessage(24, LogLevel.Error, "Connection {ConnectionId}: ISmtpSessionEvents failed")]
    internal static partial void EventsFailed(ILogger logger, long connectionId, Exception error);

    [LoggerMessage(21, LogLevel.Error, "Connection {ConnectionId} failed")]
    internal static partial void ConnectionFailed(ILogger logger, long connectionId, Exception error);

    [LoggerMessage(22, LogLevel.Trace, "Connection {ConnectionId} C: {Line}")]
    internal static partial void Command(ILogger logger, long connectionId, string line);

    [LoggerMessage(23, LogLevel.Trace, "Connection {ConnectionId} S: {Reply}")]
    internal static partial void Reply(ILogger logger, long connectionId, string reply);

    [LoggerMessage(30, LogLevel.Information, "The certificate {Path} was loaded again")]
    internal static partial void CertificateReloaded(ILogger logger, string path);

    [LoggerMessage(31, LogLevel.Error, "The certificate {Path} could not be loaded again; the last one stays")]
    internal static partial void CertificateReloadFailed(ILogger logger, string path, Exception error);

    [LoggerMessage(32, LogLevel.Warning, "The certificate {Path} expired on {NotAfter:u}: clients that check it will not go on")]
    internal static partial void CertificateExpired(ILogger logger, string path, DateTimeOffset notAfter);
}
